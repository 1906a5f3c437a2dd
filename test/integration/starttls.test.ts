/** Mail that begins in clear: SMTP, IMAP and POP3 with STARTTLS, with openssl as the client. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import tls, { TLSSocket } from "node:tls";
import { eventually, startGateway } from "../support/gateway.ts";
import { listenOnLoopback } from "../support/mail-relay.ts";
import { TestCa, tcpOrigin } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTunnel } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const { key, cert } = ca.identity(["mail.test"]);
const secureContext = tls.createSecureContext({ key, cert });

interface Protocol {
	readonly greeting: string;
	/** What the server answers to a line before TLS. */
	readonly answers: readonly (readonly [RegExp, string])[];
	readonly begins: RegExp;
	readonly accepts: (line: string) => string;
	/** What it says within TLS. */
	readonly secured: string;
}

const protocols: Readonly<Record<"smtp" | "imap" | "pop3", Protocol>> = {
	smtp: {
		greeting: "220 mail.test ESMTP\r\n",
		answers: [[/^EHLO.*/i, "250-mail.test\r\n250 STARTTLS\r\n"]],
		begins: /^STARTTLS/i,
		accepts: () => "220 go ahead\r\n",
		secured: "250 secured",
	},
	imap: {
		greeting: "* OK ready\r\n",
		answers: [[/^(\S+) CAPABILITY.*/i, "* CAPABILITY IMAP4rev1 STARTTLS\r\n$1 OK done\r\n"]],
		begins: /^\S+ STARTTLS/i,
		accepts: (line) => `${line.split(" ", 1)[0]} OK begin\r\n`,
		secured: "* OK secured",
	},
	pop3: {
		greeting: "+OK ready\r\n",
		answers: [[/^CAPA.*/i, "+OK\r\nSTLS\r\n.\r\n"]],
		begins: /^STLS/i,
		accepts: () => "+OK begin\r\n",
		secured: "+OK secured",
	},
};

/** Everything that was said to a server in clear, by its port. */
const heard = new Map<number, string>();

function mailServer({ greeting, answers, begins, accepts, secured }: Protocol) {
	return tcpOrigin(owner, (socket) => {
		socket.on("error", () => undefined);
		socket.write(greeting);
		let text = "";
		const onData = (chunk: Buffer) => {
			text += chunk.toString("latin1");
			heard.set(socket.localPort ?? 0, (heard.get(socket.localPort ?? 0) ?? "") + chunk.toString("latin1"));
			for (let end = text.indexOf("\r\n"); end !== -1; end = text.indexOf("\r\n")) {
				const line = text.slice(0, end);
				text = text.slice(end + 2);
				const answer = answers.find(([pattern]) => pattern.test(line));
				if (answer !== undefined) socket.write(line.replace(answer[0], answer[1]).slice(0, 4_096));
				else if (begins.test(line)) {
					socket.removeListener("data", onData);
					socket.write(accepts(line));
					upgrade(socket, secured);
					return;
				} else socket.write("-ERR 500 what\r\n");
			}
		};
		socket.on("data", onData);
	});
}

function upgrade(socket: Socket, says: string): void {
	const secured = new TLSSocket(socket, { isServer: true, secureContext });
	secured.on("error", () => undefined);
	secured.on("data", (chunk) => void secured.write(`${says} ${chunk}`));
}

const servers = {
	smtp: await mailServer(protocols.smtp),
	imap: await mailServer(protocols.imap),
	pop3: await mailServer(protocols.pop3),
};
const stripped = await mailServer({ ...protocols.smtp, answers: [[/^EHLO.*/i, "250 mail.test\r\n"]] });
const talkative = await tcpOrigin(
	owner,
	(socket) => void socket.on("error", () => undefined).write("hello, I speak first\r\n"),
);
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["mail.test"],
	actions: "starttls require;",
	gateway: "timeouts { client-hello 3; }",
});
const strict = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["mail.test"],
	gateway: "timeouts { client-hello 1; }",
});

/** openssl asks for TLS in the protocol's words and says one line in it. */
async function upgraded(t: TestContext, protocol: "smtp" | "imap" | "pop3", port: number): Promise<string> {
	const tunnel = await tunnelTo(t, `mail.test:${port}`);
	const child = spawn(
		peerPath("openssl"),
		[
			...["s_client", "-starttls", protocol, "-connect", `127.0.0.1:${tunnel}`, "-servername", "mail.test"],
			...["-ign_eof", "-crlf", "-CAfile", gateway.caFile, "-verify_return_error"],
		],
		{ timeout: 30_000 },
	);
	t.after(() => child.kill());
	let output = "";
	return new Promise((resolve) => {
		for (const stream of [child.stdout, child.stderr])
			stream.on("data", (chunk) => {
				output += chunk;
				if (output.includes("secured line")) child.kill();
			});
		child.stdin.on("error", () => undefined);
		child.stdin.write("line\n");
		child.on("close", () => resolve(output));
	});
}

/**
 * A port whose clients are in a tunnel to this server. s_client has a tunnel of its own (-proxy), but it loses a greeting that comes
 * in one segment with the proxy's answer.
 */
function tunnelTo(t: TestContext, target: string): Promise<number> {
	return listenOnLoopback(t, async (near) => {
		const tunnel = await openTunnel(gateway, target);
		const far = tunnel.release();
		near.write(tunnel.received);
		near.pipe(far).pipe(near);
	});
}

for (const protocol of ["smtp", "imap", "pop3"] as const) {
	test(`R180: a session of ${protocol} that asks for TLS is opened and verified, with our leaf before the client`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = servers[protocol];
		const output = await upgraded(t, protocol, port);
		assert.match(output, /secured line/);
		assert.match(output, /Sallyport CA/);
		const record = await eventually(() => gateway.records().find(({ server }) => server.port === port), "the record");
		assert.deepEqual([record.decision, record.serverTrust, record.sni], ["decrypt", "trusted", "mail.test"]);
		assert.match(record.fact, new RegExp(`; ${protocol} asked for TLS`));
	});
}

test("F13: a server whose offer of STARTTLS was taken away is refused in its protocol, and no login reaches it", async () => {
	const client = await openTunnel(gateway, `mail.test:${stripped.port}`);
	await client.receives("220 ");
	client.send("EHLO a.test\r\n");
	await client.receives("421 4.7.0");
	await client.over();
	const record = await gateway.record(client.localPort);
	assert.equal(record.faultCode, "MAIL_STARTTLS_MISSING");
});

test("F13: a login before TLS does not reach the server where TLS is required", async () => {
	const client = await openTunnel(gateway, `mail.test:${servers.smtp.port}`);
	await client.receives("220 ");
	client.send("AUTH PLAIN AGEAYg==\r\n");
	await client.receives("530 5.7.0");
	await client.over();
	assert.equal((await gateway.record(client.localPort)).faultCode, "MAIL_CLEAR_REFUSED");
	assert.ok(!(heard.get(servers.smtp.port) ?? "").includes("AUTH"));
});

test("F13: a command that is pushed behind STARTTLS ends the session", async () => {
	const client = await openTunnel(gateway, `mail.test:${servers.smtp.port}`);
	await client.receives("220 ");
	client.send("STARTTLS\r\nMAIL FROM:<a@b.test>\r\n");
	await client.over();
	assert.equal((await gateway.record(client.localPort)).faultCode, "MAIL_STARTTLS_INJECTION");
});

test("R180 R181: without the statement mail in clear is dropped, and so is a server that speaks first", async () => {
	for (const { port } of [servers.smtp, talkative]) {
		const client = await openTunnel(strict, `mail.test:${port}`);
		await client.over();
		assert.equal((await strict.record(client.localPort)).faultCode, "CLIENT_HELLO_TIMEOUT");
	}
});

test("R180: a server that speaks first, in no protocol of mail, is dropped where STARTTLS may be asked for", async () => {
	const client = await openTunnel(gateway, `mail.test:${talkative.port}`);
	await client.over();
	const record = await gateway.record(client.localPort);
	assert.equal(record.faultCode, "CLIENT_NOT_TLS");
	assert.equal(client.text.includes("hello"), false);
});

test("a policy without a profile lets a server speak first", async () => {
	const open = await startGateway(owner, {
		policies:
			"policy pass { match { source-address any; destination-address any; application any; } then { permit; } }",
		hosts: ["mail.test"],
	});
	const client = await openTunnel(open, `mail.test:${talkative.port}`);
	await client.receives("hello, I speak first");
	client.socket.destroy();
	const record = await open.record(client.localPort);
	assert.equal(record.decision, "bypass");
	assert.match(record.fact, /the server speaks first/);
});

test("N4: a mail in clear for a server that does not read is not gathered in memory", async () => {
	const silent = await tcpOrigin(owner, (socket) => {
		socket.on("error", () => undefined);
		socket.write("220 mail.test ESMTP\r\n");
		socket.once("data", () => {
			socket.pause();
			socket.write("354 go ahead\r\n");
		});
	});
	const open = await startGateway(owner, {
		policies:
			"policy pass { match { source-address any; destination-address any; application any; } then { permit; } }",
		hosts: ["mail.test"],
	});
	const client = await openTunnel(open, `mail.test:${silent.port}`);
	await client.receives("220 ");
	client.send("DATA\r\n");
	await client.receives("354 ");
	const line = Buffer.from(`${"a".repeat(998)}\r\n`);
	const whole = 64 * 1_048_576;
	for (let sent = 0; sent < whole; sent += 64_000) client.send(Buffer.concat(Array.from({ length: 64 }, () => line)));
	const taken = () => client.socket.bytesWritten - client.socket.writableLength;
	let before = -1;
	await eventually(async () => {
		const now = taken();
		const isStill = now === before;
		before = now;
		await new Promise((resolve) => setTimeout(resolve, 500));
		return isStill ? true : undefined;
	}, "the standstill");
	assert.ok(taken() < whole / 2, `${taken()} octets of ${whole} were taken`);
	client.socket.destroy();
});
