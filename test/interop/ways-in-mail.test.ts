/** Mail servers behind the listeners: IMAPS, POP3S and SMTPS reversed, IMAP offloaded, IMAPS for clients without TLS. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
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
const dovecot = ["dovecot", "curl", "openssl"];
const postfix = ["postfix", "curl"];
const listeners = ["imaps", "pop3s", "smtps", "offload", "encrypt"] as const;
const behind = { imap: await freePort(), imaps: await freePort(), pop3s: await freePort(), smtps: await freePort() };
const ports = Object.fromEntries(await Promise.all(listeners.map(async (name) => [name, await freePort()]))) as Record<
	(typeof listeners)[number],
	number
>;
const identity = inside.identity(["mail.test"]);
if (hasPeers(dovecot) && isRoot) await startDovecot(owner, identity, behind);
if (hasPeers(postfix) && isRoot) await startPostfix(owner, identity, behind.smtps);
const reverse = (name: "imaps" | "pop3s" | "smtps") =>
	`reverse ${name} { listen 127.0.0.1:${ports[name]}; server mail.test:${behind[name]}; profile servers; }`;
const gateway = await startGateway(owner, {
	certificates: { mail: ca.identity(["mail.test"]) },
	trust: inside.root.pem,
	hosts: ["mail.test"],
	security: "pki { ca-profile test { ca-identity test; } }",
	profiles: "profile servers { server-certificate mail; trusted-ca test; actions { log { all; } } }",
	tls: `
		termination { profile mail { server-certificate mail; } }
		initiation { profile mail { trusted-ca test; } }`,
	gateway: `
		${reverse("imaps")} ${reverse("pop3s")} ${reverse("smtps")}
		offload imap { listen 127.0.0.1:${ports.offload}; server mail.test:${behind.imap}; termination-profile mail; }
		encrypt imap { listen 127.0.0.1:${ports.encrypt}; server mail.test:${behind.imaps}; initiation-profile mail; }`,
});
const letter = join(folder, "letter");
writeFileSync(letter, `From: a@mail.test\r\nTo: b@mail.test\r\nSubject: hello\r\n\r\n${"word ".repeat(1_000)}\r\n`);

test("R2: a message is stored and read over IMAPS behind a reverse listener", async (t) => {
	if (!isReady(t, dovecot)) return;
	const url = `imaps://mail.test:${ports.imaps}`;
	const stored = await curl(t, ["--upload-file", letter, `${url}/INBOX`]);
	assert.equal(stored.status, 0, stored.output);
	const read = await curl(t, [`${url}/INBOX;MAILINDEX=1`]);
	assert.match(read.output, /^Subject: hello\r$/m);
	const record = await recordOf("reverse imaps");
	assert.deepEqual([record.serverTrust, record.inspection], ["trusted", "inspected"]);
});

test("R2 R130: POP3S lists what IMAPS stored", async (t) => {
	if (!isReady(t, dovecot)) return;
	await curl(t, ["--upload-file", letter, `imaps://mail.test:${ports.imaps}/INBOX`]);
	const { status, output } = await curl(t, [`pop3s://mail.test:${ports.pop3s}/`]);
	assert.equal(status, 0, output);
	assert.match(output, /^1 \d{4}\r?$/m);
	assert.equal((await recordOf("reverse pop3s")).clientLeg?.version, "TLSv1.3");
});

test("R2 R175: a message is taken by SMTPS behind a reverse listener", async (t) => {
	if (!isReady(t, postfix)) return;
	const { status, output } = await curl(t, [
		...["--verbose", "--mail-from", "a@mail.test", "--mail-rcpt", "b@mail.test", "--upload-file", letter],
		`smtps://mail.test:${ports.smtps}`,
	]);
	assert.equal(status, 0, output);
	assert.match(output, /250 2\.0\.0 Ok: queued as/);
	const record = await recordOf("reverse smtps");
	assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
});

test("R17: IMAPS for the clients of an IMAP server in clear, which speaks first", async (t) => {
	if (!isReady(t, dovecot)) return;
	const { status, output } = await curl(t, [`imaps://mail.test:${ports.offload}/`, "--request", "CAPABILITY"]);
	assert.equal(status, 0, output);
	assert.match(output, /IMAP4rev1/);
	const record = await recordOf("offload imap");
	assert.deepEqual([record.clientLeg?.version, record.serverLeg], ["TLSv1.3", undefined]);
});

test("R18: IMAP in clear for clients of an IMAPS server, which speaks first", async (t) => {
	if (!isReady(t, dovecot)) return;
	const { status, output } = await curl(t, [`imap://mail.test:${ports.encrypt}/`, "--request", "CAPABILITY"]);
	assert.equal(status, 0, output);
	assert.match(output, /IMAP4rev1/);
	const record = await recordOf("encrypt imap");
	assert.deepEqual([record.serverTrust, record.clientLeg], ["trusted", undefined]);
});

test("a wrong password and an IDLE that waits are the server's affair, and the session ends in order", async (t) => {
	if (!isReady(t, dovecot)) return;
	const refused = await curl(t, [`imaps://mail.test:${ports.imaps}/`, "--user", "pat:wrong"]);
	assert.equal(refused.status, 67, refused.output);
	const { output } = await run(
		t,
		peerPath("openssl"),
		[
			...["s_client", "-connect", `127.0.0.1:${ports.imaps}`, "-servername", "mail.test", "-quiet", "-crlf"],
			...["-CAfile", join(folder, "root.pem")],
		],
		"a login pat secret\nb select INBOX\nc idle\ndone\nd logout\n",
	);
	assert.match(output, /^\+ idling\r$/m);
	assert.match(output, /^d OK Logout/m);
	await eventually(
		() => gateway.records().some(({ endedBecause }) => endedBecause === "the server closed the connection"),
		"a session that the server closed",
	);
	assert.deepEqual(
		gateway.records().filter(({ faultCode }) => faultCode !== undefined),
		[],
	);
});

function isReady(t: TestContext, commands: readonly string[]): boolean {
	return requirePeers(t, commands) && requireRoot(t, "the mail server's master gives its privileges up itself");
}

function curl(t: TestContext, args: readonly string[]) {
	const hosts = [...listeners].flatMap((name) => ["--resolve", `mail.test:${ports[name]}:127.0.0.1`]);
	const common = ["--disable", "--silent", "--show-error", "--cacert", join(folder, "root.pem"), ...hosts];
	return run(t, peerPath("curl"), [...common, "--user", "pat:secret", ...args]);
}

async function recordOf(listener: string) {
	return await eventually(() => gateway.records().find((record) => record.listener === listener), listener);
}
