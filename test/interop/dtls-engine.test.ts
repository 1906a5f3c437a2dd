/** The DTLS engine against openssl and GnuTLS, in both roles, with every suite and group that it has. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { DtlsClient, type DtlsClientSettings } from "#dtls/client-machine.ts";
import { CookieJar } from "#dtls/cookie.ts";
import { dtlsGroups } from "#dtls/key-agreement.ts";
import { DtlsServer, type DtlsServerSettings } from "#dtls/server-machine.ts";
import { dtlsSchemes, peerKeyOf } from "#dtls/signature.ts";
import { dtlsSuites } from "#dtls/suite.ts";
import { cipherSuiteOf } from "#tls/cipher-suites.ts";
import { dtlsIdentity, End } from "../support/dtls-pair.ts";
import { startDtlsClient, startDtlsServer, startGnutlsClient, udpSocket } from "../support/dtls-peers.ts";
import { eventually } from "../support/gateway.ts";
import { type Identity, TestCa } from "../support/origins.ts";
import { peerFolder } from "../support/peer-programs.ts";
import { requirePeers } from "../support/peers.ts";

// The host's configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
process.env.GNUTLS_SYSTEM_PRIORITY_FILE = "/dev/null";
const folder = peerFolder({ after });
const ca = new TestCa();
const keys = { ECDSA: ca.identity(["app.test"]), RSA: ca.identity(["app.test"], { key: "rsa2048" }) };
const groups = { X25519: 0x001d, "P-256": 0x0017, "P-384": 0x0018 };

const common = {
	suites: dtlsSuites.map(({ code }) => code),
	groups: dtlsGroups,
	schemes: dtlsSchemes,
	maxDatagram: 1_200,
	random: (octets: number) => randomBytes(octets),
	peerKey: peerKeyOf,
};

/** A server of the engine at a port of loopback, for one client. */
async function engineServer(t: TestContext, identity: Identity, settings: Partial<DtlsServerSettings> = {}) {
	const end = new End();
	let server: DtlsServer | undefined;
	const at = await udpSocket(t, (datagram, port, socket) => {
		server ??= new DtlsServer(
			{
				...common,
				asksForCertificate: false,
				cookies: new CookieJar(common.random, Date.now()),
				client: `${port}`,
				...settings,
			},
			{
				send: (octets) => socket.send(octets, port, "127.0.0.1"),
				hello: ({ alpn }, now) => server?.answer([dtlsIdentity(identity)], alpn[0], now),
				judgeClient: (chain) => {
					end.chain = chain;
					return undefined;
				},
				established: (outcome) => {
					end.outcome = outcome;
				},
				data: (octets) => {
					end.data.push(Buffer.from(octets).toString());
					server?.write(Buffer.from(`heard ${Buffer.from(octets)}`));
				},
				ended: (how) => {
					end.end = how;
				},
			},
		);
		server.receive(datagram, Date.now());
	});
	const timer = setInterval(() => server?.tick(Date.now()), 50);
	t.after(() => clearInterval(timer));
	return { port: at.port, end, server: () => server };
}

/** A client of the engine, which has begun. */
function engineClient(t: TestContext, port: number, settings: Partial<DtlsClientSettings> = {}) {
	const end = new End();
	const socket = createSocket("udp4");
	const client = new DtlsClient(
		{ ...common, alpn: [], serverName: "app.test", identity: undefined, ...settings },
		{
			send: (datagram) => socket.send(datagram, port, "127.0.0.1"),
			certificates: (chain, now) => {
				end.chain = chain;
				client.accept(now);
			},
			established: (outcome) => {
				end.outcome = outcome;
			},
			data: (octets) => void end.data.push(Buffer.from(octets).toString()),
			ended: (how) => {
				end.end = how;
			},
		},
	);
	socket.on("message", (datagram) => client.receive(datagram, Date.now()));
	const timer = setInterval(() => client.tick(Date.now()), 50);
	t.after(() => {
		clearInterval(timer);
		socket.close();
	});
	client.start(Date.now());
	return { client, end };
}

/** Each suite with one group, and each group with one suite of either kind of key. */
const combinations = dtlsSuites.flatMap((suite) =>
	Object.entries(groups)
		.filter(([group]) => group === "X25519" || suite.cipher === "aes-128-gcm")
		.map(([group, code]) => ({ suite, group, code })),
);
for (const { suite, group, code } of combinations) {
	const { name, authentication } = suite;
	const openssl = cipherSuiteOf(suite.code)?.opensslName ?? "";

	test(`R34: openssl s_client takes ${name} with ${group}`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port, end } = await engineServer(t, keys[authentication], { groups: [code] });
		const curves = authentication === "RSA" || group === "P-256" ? group : `${group}:P-256`;
		const client = startDtlsClient(t, port, ["-cipher", openssl, "-groups", curves, "-servername", "app.test"]);
		await client.says("Verification");
		client.child.stdin?.write("hello\n");
		await client.says("heard hello");
		assert.deepEqual([end.outcome?.suite.name, end.outcome?.group], [name, code]);
		assert.match(client.output, /Secure Renegotiation IS supported[\s\S]*Extended master secret: yes/);
		client.child.stdin?.write("Q\n");
		await eventually(() => end.end, "the end");
		assert.equal(end.end?.kind, "closed-by-peer");
	});

	test(`R34: openssl s_server takes ${name} with ${group}`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { program, port } = await startDtlsServer(t, folder, keys[authentication], ["-listen", "-cipher", openssl]);
		const offered = [code, 0x0017];
		const { client, end } = engineClient(t, port, { suites: [suite.code], groups: offered });
		await eventually(() => client.isEstablished || undefined, "the handshake");
		client.write(Buffer.from("up\n"));
		await program.says("up");
		program.child.stdin?.write("down\n");
		await eventually(() => end.data.length > 0 || undefined, "data");
		assert.deepEqual([end.data, end.outcome?.suite.name], [["down\n"], name]);
		assert.equal(end.outcome?.hasExtendedMasterSecret, true);
	});
}

test("a server of openssl with a P-384 key, without a cookie and in small pieces", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const identity = ca.identity(["app.test"], { key: "p384" });
	const { program, port } = await startDtlsServer(t, folder, identity, ["-mtu", "400"]);
	const { client } = engineClient(t, port);
	await eventually(() => client.isEstablished || undefined, "the handshake");
	client.write(Buffer.from("up\n"));
	await program.says("up");
	client.close(Date.now());
	await program.says("DONE");
});

test("certificates of clients: presented to openssl, asked of openssl", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const { program, port } = await startDtlsServer(t, folder, keys.ECDSA, ["-listen", "-Verify", "1"]);
	const { client } = engineClient(t, port, { identity: dtlsIdentity(keys.RSA) });
	await eventually(() => client.isEstablished || undefined, "the handshake");
	await program.says("CN = app.test");
	const { port: own, end } = await engineServer(t, keys.ECDSA, { asksForCertificate: true });
	startDtlsClient(t, own, ["-cert", `${folder}/leaf-${port}.pem`, "-key", `${folder}/key-${port}.pem`]);
	await eventually(() => end.outcome, "the handshake");
	assert.equal(end.outcome?.peerCertificates.length, 1);
});

test("gnutls-cli, which offers DTLS 1.2 and 1.0, finishes in small pieces and chooses a protocol", async (t) => {
	if (!requirePeers(t, ["gnutls-cli"])) return;
	const { port, end } = await engineServer(t, keys.RSA, { maxDatagram: 300 });
	const client = startGnutlsClient(t, port, ["--insecure", "--mtu=400", "--alpn=coap", "--sni-hostname=app.test"]);
	await client.says("Handshake was completed");
	client.child.stdin?.write("hello\n");
	await client.says("heard hello");
	assert.equal(end.outcome?.alpn, "coap");
});

test("an alert of openssl is told: a client that does not trust, a server without a common suite", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const { port, end } = await engineServer(t, keys.ECDSA);
	const root = join(folder, "stranger.pem");
	writeFileSync(root, new TestCa("Stranger").root.pem);
	startDtlsClient(t, port, ["-verify_return_error", "-CAfile", root]);
	await eventually(() => end.end, "the end");
	assert.match(end.end?.reason ?? "", /unknown_ca/);
	const server = await startDtlsServer(t, folder, keys.ECDSA, ["-listen"]);
	const { end: refused } = engineClient(t, server.port, { suites: [0xc030] });
	await eventually(() => refused.end, "the end");
	assert.match(refused.end?.reason ?? "", /handshake_failure/);
});
