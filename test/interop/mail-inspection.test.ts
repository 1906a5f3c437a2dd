/** Mail with a file that a pattern blocks, on its way to and from Dovecot and Postfix behind reverse listeners, with curl before them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { constants, createInflateRaw, deflateRawSync } from "node:zlib";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerFolder, startDovecot, startPostfix } from "../support/peer-programs.ts";
import { hasPeers, isRoot, peerPath, requirePeers, requireRoot } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const inside = new TestCa("Inside");
const folder = peerFolder(owner);
process.env.OPENSSL_CONF = "/dev/null";
writeFileSync(join(folder, "root.pem"), ca.root.pem);
const peers = ["dovecot", "postfix", "curl"];
const listeners = ["imaps", "pop3s", "smtps", "smtp", "imap", "other"] as const;
type ListenerName = (typeof listeners)[number];
const taken = new Set<number>();
/** Sessions whose record was asked for. */
const told = new Set<string>();
const behind = {
	imap: await newPort(),
	imaps: await newPort(),
	pop3: await newPort(),
	pop3s: await newPort(),
	smtps: await newPort(),
	smtp: await newPort(),
};
const ports = {} as Record<ListenerName, number>;
for (const name of listeners) ports[name] = await newPort();
const identity = inside.identity(["mail.test"]);
if (hasPeers(peers) && isRoot) {
	await startDovecot(owner, identity, behind);
	await startPostfix(owner, identity, behind.smtps);
	await startPostfix(owner, identity, behind.smtp, "starttls");
}
const reverse = (name: ListenerName, server: number, profile: string) =>
	`reverse ${name} { listen 127.0.0.1:${ports[name]}; server mail.test:${server}; profile ${profile}; }`;
const common = "server-certificate mail; trusted-ca test;";
const gateway = await startGateway(owner, {
	certificates: { mail: ca.identity(["mail.test"]) },
	trust: inside.root.pem,
	hosts: ["mail.test"],
	profiles: `
		profile servers { ${common} actions { starttls require; log { all; } } }
		profile other { ${common} decrypted-service other; actions { log { all; } } }`,
	security: "pki { ca-profile test { ca-identity test; } }",
	gateway: [
		reverse("imaps", behind.imaps, "servers"),
		reverse("pop3s", behind.pop3s, "servers"),
		reverse("smtps", behind.smtps, "servers"),
		reverse("smtp", behind.smtp, "servers"),
		reverse("imap", behind.imap, "servers"),
		reverse("other", behind.smtps, "other"),
	].join("\n"),
});

const eicar = Buffer.from(shippedPatterns.get("eicar") ?? assert.fail()).toString("latin1");
const letters = {
	evil: letter("evil", Buffer.from(`PK ${eicar} end`)),
	good: letter("good", Buffer.from("nothing that anybody looks for")),
	plain: write("plain", `Subject: plain\r\n\r\n${eicar}\r\n`),
};
const root = ["--cacert", join(folder, "root.pem")];

for (const [name, flags] of [
	["smtps", []],
	["smtp", ["--ssl-reqd"]],
] as const) {
	test(`R117: a file in an attachment that is sent to Postfix by ${name} is refused with 554, and a good one is taken`, async (t) => {
		if (!isReady(t)) return;
		const refused = await send(t, name, letters.evil, flags);
		assert.notEqual(refused.status, 0, refused.output);
		assert.match(
			refused.output,
			/554 5\.7\.1 The content was blocked by pattern "eicar"|Send failure|Broken pipe|reset/,
		);
		assert.doesNotMatch(refused.output, /queued as/);
		const record = await recordOf(name);
		assert.deepEqual(
			record.findings.map((one) => [one.name, one.where, one.request]),
			[["eicar", "request-body", 'SMTP part "evil.com"']],
		);
		assert.match(record.endedBecause, /blocked by pattern "eicar" in request-body/);
		const { output } = await send(t, name, letters.good, flags);
		assert.match(output, /queued as/);
		assert.equal((await recordOf(name)).inspection, "inspected");
	});
}

test("R118 R129: where the service is said to be another, a file is not decoded, and octets are searched all the same", async (t) => {
	if (!isReady(t)) return;
	assert.match((await send(t, "other", letters.evil, [])).output, /queued as/);
	assert.equal((await recordOf("other")).inspection, "decrypted, not inspected");
	assert.doesNotMatch((await send(t, "other", letters.plain, [])).output, /queued as/);
	const [finding] = (await recordOf("other")).findings;
	assert.deepEqual([finding?.name, finding?.where], ["eicar", "stream-to-server"]);
});

test("R117: a file that is stored by IMAP is refused, and a good message is read back octet for octet", async (t) => {
	if (!isReady(t)) return;
	const inbox = `imaps://mail.test:${ports.imaps}/INBOX`;
	const refused = await curl(t, [...root, "--upload-file", letters.evil, inbox]);
	assert.notEqual(refused.status, 0, refused.output);
	const [finding] = (await recordOf("imaps")).findings;
	assert.deepEqual([finding?.name, finding?.request], ["eicar", 'IMAP part "evil.com"']);
	assert.equal((await curl(t, [...root, "--upload-file", letters.good, inbox])).status, 0);
	assert.deepEqual((await recordOf("imaps")).findings, []);
	const { output } = await curl(t, [...root, `${inbox};MAILINDEX=1`]);
	assert.equal(output, readFileSync(letters.good, "latin1"));
	assert.equal((await recordOf("imaps")).inspection, "inspected");
});

test("R117: a file that is stored by IMAP with compression is refused, and a good message is stored (RFC 4978)", async (t) => {
	if (!isReady(t)) return;
	assert.doesNotMatch(await storeCompressed(letters.evil), /^c OK/m);
	const [finding] = (await recordOf("imaps")).findings;
	assert.deepEqual([finding?.name, finding?.request], ["eicar", 'IMAP part "evil.com"']);
	assert.match(await storeCompressed(letters.good), /^c OK/m);
	const record = await recordOf("imaps");
	assert.deepEqual([record.findings, record.inspection], [[], "inspected"]);
});

test("R117 R175: a file that waits in a mailbox is stopped on its way to the client, by IMAP whole and in parts, and by POP3", async (t) => {
	if (!isReady(t)) return;
	// Past the gateway, the third message of the mailbox.
	const stored = await curl(t, [
		"--insecure",
		"--upload-file",
		letters.evil,
		`imaps://127.0.0.1:${behind.imaps}/INBOX`,
	]);
	assert.equal(stored.status, 0, stored.output);
	const end = Buffer.from(`PK ${eicar} end`).toString("base64").slice(-12);
	for (const [name, url, flags, request] of [
		["imaps", "imaps://mail.test:PORT/INBOX;MAILINDEX=3", [], 'IMAP part "evil.com"'],
		["imaps", "imaps://mail.test:PORT/INBOX;MAILINDEX=3;SECTION=2", [], "IMAP message"],
		["imap", "imap://mail.test:PORT/INBOX;MAILINDEX=3", ["--ssl-reqd"], 'IMAP part "evil.com"'],
		["pop3s", "pop3s://mail.test:PORT/3", [], 'POP3 part "evil.com"'],
	] as const) {
		const { status, output } = await curl(t, [...root, ...flags, url.replace("PORT", `${ports[name]}`)]);
		assert.notEqual(status, 0, output);
		assert.ok(!output.includes(end), output);
		const record = await recordOf(name);
		assert.deepEqual(
			record.findings.map((one) => [one.name, one.where, one.request]),
			[["eicar", "response-body", request]],
			url,
		);
	}
	const good = await curl(t, [...root, `pop3s://mail.test:${ports.pop3s}/1`]);
	assert.equal(good.output, readFileSync(letters.good, "latin1"));
});

/** What the server says to a client that compresses and stores a message, until it is stored or the connection ends. */
async function storeCompressed(file: string): Promise<string> {
	const message = readFileSync(file);
	const socket = connect({ host: "127.0.0.1", port: ports.imaps, servername: "mail.test", ca: ca.root.pem });
	const inflate = createInflateRaw();
	let said = "";
	let isOver = false;
	socket.on("error", () => {});
	socket.on("close", () => {
		isOver = true;
	});
	const note = (octets: Buffer) => {
		said += octets.toString("latin1");
	};
	inflate.on("data", note);
	socket.on("data", note);
	const says = (text: RegExp) => eventually(() => isOver || text.test(said), `${text} in ${said}`);
	// Before the greeting, which it ought to wait for.
	socket.write("a LOGIN pat secret\r\n");
	await says(/^a OK/m);
	socket.write("b COMPRESS DEFLATE\r\n");
	await says(/^b OK.*\r\n/m);
	socket.off("data", note);
	socket.on("data", (octets) => inflate.write(octets));
	const send = (octets: Uint8Array | string) =>
		socket.write(deflateRawSync(octets, { finishFlush: constants.Z_SYNC_FLUSH }));
	send(`c APPEND INBOX {${message.length}}\r\n`);
	await says(/^\+ /m);
	send(Buffer.concat([message, Buffer.from("\r\n")]));
	await says(/^c OK/m);
	socket.destroy();
	return said;
}

function letter(name: string, file: Buffer): string {
	const coded = (file.toString("base64").match(/.{1,60}/g) ?? []).join("\r\n");
	return write(
		name,
		[
			...["From: a@mail.test", "To: b@mail.test", `Subject: ${name}`, "MIME-Version: 1.0"],
			...["Content-Type: multipart/mixed; boundary=b", "", "--b", "", "See the file.", ".dot", "--b"],
			`Content-Type: application/octet-stream; name="${name}.com"`,
			...["Content-Transfer-Encoding: base64", "", coded, "--b--", ""],
		].join("\r\n"),
	);
}

function write(name: string, text: string): string {
	const file = join(folder, name);
	writeFileSync(file, text, "latin1");
	return file;
}

function isReady(t: TestContext): boolean {
	return requirePeers(t, peers) && requireRoot(t, "dovecot and postfix are started by root only");
}

function send(t: TestContext, name: "smtps" | "smtp" | "other", file: string, flags: readonly string[]) {
	const scheme = name === "smtp" ? "smtp" : "smtps";
	const to = ["--mail-from", "a@mail.test", "--mail-rcpt", "b@mail.test", "--upload-file", file];
	return curl(t, [...root, ...flags, "--verbose", ...to, `${scheme}://mail.test:${ports[name]}`]);
}

/** As the user of the mailbox. */
function curl(t: TestContext, args: readonly string[]) {
	const resolve = Object.values(ports).flatMap((port) => ["--resolve", `mail.test:${port}:127.0.0.1`]);
	const user = args.some((one) => one.includes("--mail-from")) ? [] : ["--user", "pat:secret"];
	return run(t, peerPath("curl"), ["--silent", "--show-error", "--max-time", "20", ...resolve, ...user, ...args]);
}

/** The record of the newest session of a listener that was not asked about before. */
async function recordOf(name: ListenerName): Promise<SessionRecord> {
	const record = await eventually(
		() => gateway.records().findLast(({ id, listener }) => listener === `reverse ${name}` && !told.has(id)),
		`a record of ${name}`,
	);
	told.add(record.id);
	return record;
}

/** One that no other listener of this file has. */
async function newPort(): Promise<number> {
	for (;;) {
		const port = await freePort();
		if (taken.has(port)) continue;
		taken.add(port);
		return port;
	}
}
