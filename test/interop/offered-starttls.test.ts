/** STARTTLS in the place of a mail server that has no TLS, and towards one that has, for clients that have none. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa, tcpOrigin } from "../support/origins.ts";
import { peerFolder, startDovecot, startPostfix } from "../support/peer-programs.ts";
import { hasPeers, isRoot, peerPath, requirePeers, requireRoot } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const inside = new TestCa("Inside");
const folder = peerFolder(owner);
process.env.OPENSSL_CONF = "/dev/null";
writeFileSync(join(folder, "root.pem"), ca.root.pem);
const peers = ["dovecot", "postfix", "curl", "openssl"];
const protocols = ["smtp", "imap", "pop3"] as const;
type Protocol = (typeof protocols)[number];
const taken = new Set<number>();
const portsOf = async (): Promise<Record<Protocol, number>> => ({
	smtp: await newPort(),
	imap: await newPort(),
	pop3: await newPort(),
});
const [clear, secure] = [await portsOf(), await portsOf()];
const listeners = { require: await portsOf(), allow: await portsOf(), encrypt: await portsOf() };
const identity = inside.identity(["mail.test"]);
if (hasPeers(peers) && isRoot) {
	await startDovecot(owner, identity, { imap: clear.imap, pop3: clear.pop3, imaps: 0, pop3s: 0 }, "no");
	await startDovecot(owner, identity, { imap: secure.imap, pop3: secure.pop3, imaps: 0, pop3s: 0 }, "required");
	await startPostfix(owner, identity, clear.smtp, "none");
	await startPostfix(owner, identity, secure.smtp, "starttls");
}
const said: string[] = [];
const stripped = await tcpOrigin(owner, (socket) => {
	socket.on("error", () => undefined);
	socket.write("220 mail.test ESMTP\r\n");
	socket.on("data", (chunk) => {
		said.push(chunk.toString());
		socket.write("250-mail.test\r\n250 PIPELINING\r\n");
	});
});
const talkative = await tcpOrigin(owner, (socket) => void socket.on("error", () => undefined).write("SSH-2.0-x\r\n"));
const [strippedPort, talkativePort] = [await newPort(), await newPort()];
const offload = (mode: "require" | "allow", protocol: Protocol) =>
	`offload ${mode}-${protocol} { listen 127.0.0.1:${listeners[mode][protocol]}; server 127.0.0.1:${clear[protocol]}; termination-profile mail; starttls ${mode}; }`;
const encrypt = (name: string, listen: number, server: number) =>
	`encrypt ${name} { listen 127.0.0.1:${listen}; server mail.test:${server}; initiation-profile mail; starttls; }`;
const gateway = await startGateway(owner, {
	certificates: { mail: ca.identity(["mail.test"]) },
	trust: inside.root.pem,
	hosts: ["mail.test"],
	security: "pki { ca-profile test { ca-identity test; } }",
	tls: "termination { profile mail { server-certificate mail; } } initiation { profile mail { trusted-ca test; } }",
	gateway: [
		...protocols.flatMap((protocol) => [offload("require", protocol), offload("allow", protocol)]),
		...protocols.map((protocol) => encrypt(protocol, listeners.encrypt[protocol], secure[protocol])),
		encrypt("stripped", strippedPort, stripped.port),
		encrypt("talkative", talkativePort, talkative.port),
	].join("\n"),
});
const letter = join(folder, "letter");
writeFileSync(
	letter,
	`From: a@mail.test\r\nTo: b@mail.test\r\nSubject: hello\r\n\r\n.dot\r\n${"word ".repeat(1_000)}\r\n`,
);
const requests: Readonly<Record<Protocol, readonly string[]>> = {
	smtp: ["--mail-from", "a@mail.test", "--mail-rcpt", "b@mail.test", "--upload-file", letter],
	imap: ["--user", "pat:secret", "--request", "STATUS INBOX (MESSAGES)"],
	pop3: ["--user", "pat:secret"],
};

for (const protocol of protocols) {
	for (const mode of ["require", "allow"] as const) {
		test(`R17 R180: clients of a server of ${protocol} without TLS begin it by STARTTLS before an offload listener (${mode})`, async (t) => {
			if (!isReady(t)) return;
			const args = ["--ssl-reqd", "--cacert", join(folder, "root.pem"), ...requests[protocol]];
			const { status, output } = await curl(t, [...args, `${protocol}://mail.test:${listeners[mode][protocol]}/`]);
			assert.equal(status, 0, output);
			const record = await recordOf(`offload ${mode}-${protocol}`);
			assert.deepEqual(
				[record.clientLeg?.version, record.serverLeg, record.faultCode],
				["TLSv1.3", undefined, undefined],
			);
			assert.match(record.fact, new RegExp(`${protocol} asked for TLS`));
		});
	}

	test(`F13: without TLS nobody logs in or sends by ${protocol} where it is required, and does where it is allowed`, async (t) => {
		if (!isReady(t)) return;
		const refused = await curl(t, [...requests[protocol], `${protocol}://127.0.0.1:${listeners.require[protocol]}/`]);
		assert.notEqual(refused.status, 0, refused.output);
		const passed = await curl(t, [...requests[protocol], `${protocol}://127.0.0.1:${listeners.allow[protocol]}/`]);
		assert.equal(passed.status, 0, passed.output);
	});

	test(`R18 R180: a client of ${protocol} in clear reaches a server that insists on STARTTLS, and sees none of it`, async (t) => {
		if (!isReady(t)) return;
		const port = listeners.encrypt[protocol];
		const { status, output } = await curl(t, ["--verbose", ...requests[protocol], `${protocol}://127.0.0.1:${port}/`]);
		assert.equal(status, 0, output);
		assert.doesNotMatch(output, /STARTTLS|\bSTLS\b|LOGINDISABLED/);
		const record = await recordOf(`encrypt ${protocol}`);
		assert.deepEqual(
			[record.serverTrust, record.serverLeg?.version, record.clientLeg],
			["trusted", "TLSv1.3", undefined],
		);
	});

	test(`openssl begins TLS of ${protocol} before an offload listener`, async (t) => {
		if (!isReady(t)) return;
		const { output } = await run(
			t,
			peerPath("openssl"),
			[
				...["s_client", "-starttls", protocol, "-connect", `127.0.0.1:${listeners.require[protocol]}`],
				...["-servername", "mail.test", "-CAfile", join(folder, "root.pem"), "-verify_return_error"],
			],
			"",
		);
		assert.match(output, /Verify return code: 0 \(ok\)/);
	});
}

for (const [protocol, request] of [
	["smtp", "EHLO a.test\r\nSTARTTLS\r\nMAIL FROM:<evil@a.test>\r\n"],
	["imap", "a STARTTLS\r\nb LOGIN pat secret\r\n"],
	["pop3", "STLS\r\nUSER pat\r\n"],
] as const) {
	test(`F13: a command that is pushed behind STARTTLS of ${protocol} ends the session before an offload listener`, async (t) => {
		if (!isReady(t)) return;
		const { text } = await speak(listeners.allow[protocol], request, "greeting");
		assert.doesNotMatch(text, /Ready to start TLS|Begin TLS/);
		await eventually(
			() =>
				gateway
					.records()
					.some((one) => one.listener.endsWith(`allow-${protocol}`) && one.faultCode === "MAIL_STARTTLS_INJECTION"),
			"the record",
		);
	});
}

test("F13: a server whose offer of TLS was taken away is not spoken to in clear, and the client is told", async () => {
	const { text } = await speak(strippedPort, "EHLO client.test\r\nAUTH PLAIN AGEAYg==\r\n");
	assert.equal(text, "421 4.7.0 TLS is not available\r\n");
	const record = await recordOf("encrypt stripped");
	assert.equal(record.faultCode, "MAIL_STARTTLS_MISSING");
	assert.deepEqual(said, ["EHLO sallyport.invalid\r\n"]);
});

test("F13: a server that greets in no protocol of mail is not spoken to", async () => {
	const { text } = await speak(talkativePort, "");
	assert.equal(text, "");
	assert.match((await recordOf("encrypt talkative")).endedBecause, /greets in no protocol of mail/);
});

/** One that no other listener of this file has. */
async function newPort(): Promise<number> {
	for (;;) {
		const port = await freePort();
		if (taken.has(port)) continue;
		taken.add(port);
		return port;
	}
}

function isReady(t: TestContext): boolean {
	return requirePeers(t, peers) && requireRoot(t, "dovecot and postfix are started by root only");
}

async function curl(t: TestContext, args: readonly string[]) {
	const resolve = Object.values(listeners).flatMap((ports) =>
		Object.values(ports).flatMap((port) => ["--resolve", `mail.test:${port}:127.0.0.1`]),
	);
	return await run(t, peerPath("curl"), ["--silent", "--show-error", "--max-time", "20", ...resolve, ...args]);
}

function recordOf(listener: string) {
	return eventually(
		() => gateway.records().findLast((record) => record.listener === listener),
		`record of ${listener}`,
	);
}

/** What a client hears until the end, when it says this at once or behind the greeting. */
function speak(port: number, words: string, behind?: "greeting"): Promise<{ readonly text: string }> {
	return new Promise((resolve) => {
		let text = "";
		const say = () => socket.write(words);
		const socket = connect(port, "127.0.0.1", behind === undefined ? say : undefined);
		if (behind === "greeting") socket.once("data", say);
		socket.on("data", (chunk) => (text += chunk.toString("latin1")));
		socket.on("error", () => undefined);
		socket.on("close", () => resolve({ text }));
	});
}
