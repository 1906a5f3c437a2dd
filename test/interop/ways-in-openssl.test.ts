/** openssl s_server behind a reverse listener, and what it does wrong: each record blames who it was, and says what. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import type { Blame } from "#base/fault.ts";
import { type FaultCode, faultTable } from "#base/fault-table.ts";
import { eventually, freePort, Program, startGateway } from "../support/gateway.ts";
import { type Identity, selfSigned, TestCa, tcpOrigin } from "../support/origins.ts";
import { peerFolder } from "../support/peer-programs.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const folder = peerFolder(owner);
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const identity = ca.identity(["app.test"]);
const rootFile = save("root", ca.root.pem);
const listen = await freePort();
let serverPort = 0;
/** What happens to the server's side of the next connections, instead of what s_server sends. */
let mischief: ((near: Socket) => void) | undefined;
let injectToGateway: ((octets: string) => void) | undefined;
const network = await tcpOrigin(
	owner,
	(near) => {
		if (mischief !== undefined) {
			const play = mischief;
			near.once("data", () => play(near));
			return;
		}
		const far = connect({ port: serverPort, host: "127.0.0.1", allowHalfOpen: true });
		injectToGateway = (octets) => near.write(octets);
		near.pipe(far).on("error", () => near.destroy());
		far.pipe(near).on("error", () => far.destroy());
	},
	{ allowHalfOpen: true },
);
const gateway = await startGateway(owner, {
	certificates: { app: identity },
	trust: ca.root.pem,
	hosts: ["app.test"],
	security: "pki { ca-profile test { ca-identity test; } }",
	profiles: "profile servers { server-certificate app; trusted-ca test; actions { log { all; } } }",
	gateway: `
		timeouts { handshake 3; client-hello 3; }
		reverse app { listen 127.0.0.1:${listen}; server app.test:${network.port}; profile servers; }`,
});

for (const { says, args, shows, code, why } of [
	{
		says: "of TLS 1.1 alone",
		args: ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"],
		code: "SERVER_HANDSHAKE_FAILED",
		why: /the TLS handshake with server app\.test failed: /,
	},
	{
		says: "that signed its certificate itself",
		args: [],
		shows: selfSigned(["app.test"]),
		code: "SERVER_CERTIFICATE_INVALID",
		why: /is blocked; .*self-signed|is blocked; /,
	},
	{
		says: "with the certificate of another name",
		args: [],
		shows: ca.identity(["other.test"]),
		code: "SERVER_CERTIFICATE_INVALID",
		why: /the certificate is for other\.test; expected app\.test/,
	},
] as readonly {
	says: string;
	args: readonly string[];
	shows?: Identity;
	code: FaultCode;
	why: RegExp;
}[]) {
	test(`a server ${says} is blamed, and the client gets no page`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		await sServer(t, args, shows);
		const { output } = await sClient(t);
		assert.doesNotMatch(output, /HTTP\/1\.0 200/);
		const record = await onlyNewRecord();
		assert.equal(record.faultCode, code);
		assert.match(record.endedBecause, why);
		assert.match(blameOf(record.faultCode), /^peer-/);
	});
}

for (const version of ["1_3", "1_2"]) {
	test(`R172: a server of TLS ${version.replace("_", ".")} that demands a client certificate is let be, and the record says why`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		await sServer(t, ["-Verify", "1", `-tls${version}`]);
		assert.doesNotMatch((await sClient(t)).output, /HTTP\/1\.0 200/);
		const record = await onlyNewRecord();
		assert.deepEqual([record.decision, record.cause], ["bypass", "client-certificate"]);
		assert.match(record.fact, /asks for a client certificate/);
	});
}

test("a server that would take a client certificate serves without one", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	await sServer(t, ["-verify", "1"]);
	assert.match((await sClient(t)).output, /HTTP\/1\.0 200 ok/);
	assert.equal((await onlyNewRecord()).faultCode, undefined);
});

for (const { says, does, why } of [
	{
		says: "resets instead of answering",
		does: (near: Socket) => void near.resetAndDestroy(),
		why: /the TLS handshake with server app\.test failed: read ECONNRESET/,
	},
	{
		says: "half-closes instead of answering",
		does: (near: Socket) => void near.end(),
		why: /the TLS handshake with server app\.test failed: /,
	},
	{
		says: "answers in clear",
		does: (near: Socket) => void near.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
		why: /the TLS handshake with server app\.test failed: .*(wrong version number|packet length)/,
	},
	{
		says: "stalls",
		does: () => undefined,
		why: /server app\.test:\d+ did not finish its TLS handshake in time/,
	},
]) {
	test(`F2: a server that ${says} fails the handshake in the server's name, and the client is told by an alert`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		mischief = does;
		const { output } = await sClient(t).finally(() => (mischief = undefined));
		assert.match(output, /alert (handshake failure|internal error|number)/);
		const record = await onlyNewRecord();
		assert.equal(record.faultCode, "SERVER_HANDSHAKE_FAILED");
		assert.match(record.endedBecause, why);
		assert.equal(record.clientLeg, undefined);
	});
}

test("a server that is killed amid a session ends it for the client, and the record says who went first", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const server = await sServer(t, ["-tls1_2"], identity, "echo");
	const client = talk(t);
	await client.says("Verify return code: 0");
	server.child.kill("SIGKILL");
	await client.ended;
	const record = await onlyNewRecord();
	assert.match(record.endedBecause, /^the server (closed|reset) the connection$/);
	assert.equal(record.faultCode, undefined);
});

test("octets that are no records, amid a session, end it with the server's side named", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const server = await sServer(t, [], identity, "echo");
	const client = talk(t);
	await client.says("Verify return code: 0");
	client.child.stdin?.write("before\n");
	await server.says("before");
	injectToGateway?.("garbage amid the records of a session");
	await client.ended;
	const record = await onlyNewRecord();
	assert.match(record.endedBecause, /^the connection to the server failed: /);
	assert.ok(!client.output.includes("garbage"));
});

test("F2: a server that asks for renegotiation in TLS 1.2 is not followed", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const server = await sServer(t, ["-tls1_2"], identity, "echo");
	const client = talk(t);
	await client.says("Verify return code: 0");
	client.child.stdin?.write("one\n");
	await server.says("one");
	server.child.stdin?.write("r\n");
	await server.says("no renegotiation");
	await client.ended;
	assert.match((await onlyNewRecord()).endedBecause, /the connection to the server failed/);
});

test("a server that says its last word and closes is the first to leave", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const server = await sServer(t, ["-tls1_2"], identity, "echo");
	const client = talk(t);
	await client.says("Verify return code: 0");
	server.child.stdin?.write("the last word\n");
	await client.says("the last word");
	server.child.stdin?.write("Q\n");
	await client.ended;
	assert.match(client.output, /the last word/);
	assert.equal((await onlyNewRecord()).endedBecause, "the server closed the connection");
});

test("a client that does not trust the listener's certificate is blamed, and nothing is said of minted ones", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	await sServer(t, []);
	const strange = save("strange", new TestCa("Strange").root.pem);
	await sClient(t, ["-verify_return_error"], strange);
	const record = await onlyNewRecord();
	assert.equal(record.faultCode, "CLIENT_REFUSED_OWN_CERTIFICATE");
	assert.equal(blameOf(record.faultCode), "peer-refused");
	assert.match(
		record.endedBecause,
		/^client 127\.0\.0\.1 refused certificate "app" for app\.test with alert unknown_ca; /,
	);
});

test("a client that speaks in clear, and one that says nothing, are blamed before any server is connected to", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const before = network.sockets.length;
	for (const [octets, code] of [
		["GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", "CLIENT_NOT_TLS"],
		["", "CLIENT_HELLO_TIMEOUT"],
	] as const) {
		const socket = connect(listen, "127.0.0.1", () => socket.write(octets));
		socket.on("error", () => undefined).resume();
		await new Promise((resolve) => socket.once("close", resolve));
		assert.equal((await onlyNewRecord()).faultCode, code);
	}
	assert.equal(network.sockets.length, before);
});

let seen = 0;
/** The one record that was not there before. */
async function onlyNewRecord() {
	const records = await eventually(() => {
		const all = gateway.records();
		return all.length > seen && all;
	}, "a record");
	assert.equal(records.length, seen + 1);
	seen = records.length;
	const [record] = records.toSorted((a, b) => a.startedAt - b.startedAt).slice(-1);
	assert.ok(record);
	return record;
}

function blameOf(code: string | undefined): Blame {
	return faultTable[code as FaultCode].blame;
}

/** `page` answers HTTP, `echo` shows what arrives and sends what is typed. */
async function sServer(
	t: TestContext,
	args: readonly string[],
	{ key, cert }: Identity = identity,
	manner: "page" | "echo" = "page",
): Promise<Program> {
	serverPort = await freePort();
	const [leaf = "", ...issuers] = cert.split(/(?<=-----END CERTIFICATE-----\n)/);
	const chain = issuers.length === 0 ? [] : ["-cert_chain", save("chain", issuers.join(""))];
	const program = new Program(
		spawn(peerPath("openssl"), [
			...["s_server", "-accept", `127.0.0.1:${serverPort}`, "-cert", save("leaf", leaf), "-key", save("key", key)],
			...chain,
			...(manner === "page" ? ["-www"] : []),
			...args,
		]),
	);
	t.after(() => program.child.kill("SIGKILL"));
	await program.says("ACCEPT");
	return program;
}

function clientArguments(root = rootFile): string[] {
	const to = ["s_client", "-connect", `127.0.0.1:${listen}`, "-servername", "app.test"];
	return [...to, "-no-CApath", "-no-CAstore", "-CAfile", root];
}

/** One request. */
function sClient(t: TestContext, args: readonly string[] = [], root = rootFile) {
	const request = "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";
	return run(t, peerPath("openssl"), [...clientArguments(root), "-ign_eof", ...args], request);
}

/** A client that stays. */
function talk(t: TestContext): Program {
	const program = new Program(spawn(peerPath("openssl"), [...clientArguments(), "-tls1_2"]));
	t.after(() => program.child.kill("SIGKILL"));
	return program;
}

function save(name: string, pem: string): string {
	const file = join(folder, `${name}.pem`);
	writeFileSync(file, pem);
	return file;
}
