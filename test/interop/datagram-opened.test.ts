/** Datagram listeners that open DTLS, between real programs: offload, encrypt, reverse, and two of them as a tunnel. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startDtlsClient, startDtlsServer, startGnutlsClient, udpSocket } from "../support/dtls-peers.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { type Identity, TestCa } from "../support/origins.ts";
import { peerFolder } from "../support/peer-programs.ts";
import { hasPeers, requirePeers } from "../support/peers.ts";

// The host's configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
process.env.GNUTLS_SYSTEM_PRIORITY_FILE = "/dev/null";
const owner = { after };
const folder = peerFolder(owner);
const ca = new TestCa();
const shown = {
	shop: ca.identity(["shop.test"]),
	rsa: ca.identity(["shop.test"], { key: "rsa2048" }),
	other: ca.identity(["other.test"]),
};
const rootFile = join(folder, "root.pem");
writeFileSync(rootFile, ca.root.pem);
const hasOpenssl = hasPeers(["openssl"]);
const behind = hasOpenssl ? await startDtlsServer(owner, folder, ca.identity(["shop.test"])) : undefined;
const strange = hasOpenssl
	? await startDtlsServer(owner, folder, new TestCa("Strange").identity(["shop.test"]))
	: undefined;
const encrypted = hasOpenssl
	? await startDtlsServer(owner, folder, ca.identity(["shop.test"], { key: "rsa2048" }), [])
	: undefined;
const echo = await udpSocket(owner, (datagram, port, socket) => socket.send(`heard ${datagram}`, port, "127.0.0.1"));
const names = [
	"offload",
	"reverse",
	"distrusting",
	"encrypt",
	"inner",
	"outer",
	"denied",
	"clients",
	"nobody",
] as const;
const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()]))) as Record<
	(typeof names)[number],
	number
>;
const gateway = await startGateway(owner, {
	certificates: shown,
	trust: ca.root.pem,
	hosts: ["shop.test"],
	profiles: `profile servers { server-certificate [ shop rsa other ]; trusted-ca test; actions { log { all; } } }`,
	tls: `
		termination {
			profile mine { server-certificate [ shop rsa other ]; }
			profile proved { server-certificate [ shop ]; client-authentication { trusted-ca test; } }
		}
		initiation { profile known { trusted-ca test; } }`,
	gateway: `
		datagram offload { listen 127.0.0.1:${ports.offload}; server 127.0.0.1:${echo.port}; termination-profile mine; }
		datagram clients { listen 127.0.0.1:${ports.clients}; server 127.0.0.1:${echo.port}; termination-profile proved; }
		datagram reverse { listen 127.0.0.1:${ports.reverse}; server shop.test:${behind?.port ?? 1}; profile servers; }
		datagram distrusting { listen 127.0.0.1:${ports.distrusting}; server shop.test:${strange?.port ?? 1}; profile servers; }
		datagram encrypt { listen 127.0.0.1:${ports.encrypt}; server shop.test:${encrypted?.port ?? 1}; initiation-profile known; idle-timeout 5; }
		datagram outer { listen 127.0.0.1:${ports.outer}; server shop.test:${ports.inner}; initiation-profile known; }
		datagram inner { listen 127.0.0.1:${ports.inner}; server 127.0.0.1:${echo.port}; termination-profile mine; }
		datagram denied { listen 127.0.0.1:${ports.denied}; server 127.0.0.1:2; termination-profile mine; }
		datagram nobody { listen 127.0.0.1:${ports.nobody}; server 127.0.0.1:${await freePort()}; termination-profile mine; }
		timeouts { handshake 5; }
		workers 2;`,
	policies: `policy no { match { source-address any; destination-address any; application udp-two; } then { reject; } }`,
	security: "pki { ca-profile test { ca-identity test; } }",
	top: "applications { application udp-two { protocol udp; destination-port 2; } }",
});

const recordOf = (listener: string) =>
	eventually(
		() => gateway.records().find((record) => record.listener === `datagram ${listener}`),
		`record of ${listener}`,
	);
const trusting = [
	"-CAfile",
	rootFile,
	"-verify_return_error",
	"-servername",
	"shop.test",
	"-verify_hostname",
	"shop.test",
];

for (const [suite, key] of [
	["ECDHE-ECDSA-AES128-GCM-SHA256", "shop"],
	["ECDHE-RSA-CHACHA20-POLY1305", "rsa"],
] as const) {
	test(`R17 R34: DTLS is taken off a server in clear, with the certificate for the name and ${suite}`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const before = gateway.records().length;
		const client = startDtlsClient(t, ports.offload, [...trusting, "-cipher", suite]);
		await client.says("Verify return code: 0");
		client.child.stdin?.write("hello\n");
		await client.says("heard hello");
		client.child.stdin?.write("Q\n");
		await client.ended;
		const record = await eventually(
			() =>
				gateway
					.records()
					.slice(before)
					.find(({ clientLeg }) => clientLeg?.certificateSha256 === fingerprintOf(shown[key])),
			"the record",
		);
		assert.deepEqual(
			[record.listener, record.decision, record.sni, record.clientLeg?.version, record.clientLeg?.isOwnCertificate],
			["datagram offload", "decrypt", "shop.test", "DTLSv1.2", true],
		);
		assert.deepEqual([record.octetsToServer, record.octetsToClient], [6, 12]);
		assert.deepEqual(
			[record.endedBecause, record.serverLeg, record.faultCode],
			["the client closed the connection", undefined, undefined],
		);
	});
}

test("R2 R19 R34: DTLS on both sides: the server is verified, the client sees the listener's certificate, a pattern is found", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = startDtlsClient(t, ports.reverse, trusting);
	await client.says("Verify return code: 0");
	client.child.stdin?.write("up\n");
	await behind?.program.says("up");
	behind?.program.child.stdin?.write("down\n");
	await client.says("down");
	client.child.stdin?.write(`${eicar}\n`);
	const record = await recordOf("reverse");
	assert.deepEqual(
		[record.serverTrust, record.serverLeg?.version, record.clientLeg?.version, record.clientLeg?.certificateSha256],
		["trusted", "DTLSv1.2", "DTLSv1.2", fingerprintOf(shown.shop)],
	);
	assert.deepEqual([record.findings[0]?.verdict, record.findings[0]?.where], ["block", "stream-to-server"]);
	assert.ok(behind?.program.output.includes("EICAR") === false);
});

test("N8: a server that is not trusted is refused before the client is answered", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = startDtlsClient(t, ports.distrusting, trusting);
	await client.says("alert access denied");
	const record = await recordOf("distrusting");
	assert.deepEqual([record.faultCode, record.clientLeg], ["SERVER_CERTIFICATE_INVALID", undefined]);
	assert.match(record.endedBecause, /is blocked; .*issuer/);
});

test("R18 R34: datagrams in clear go on in DTLS, those before the handshake too; idle ends it", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = await udpSocket(t);
	client.socket.send("one\n", ports.encrypt, "127.0.0.1");
	client.socket.send("two\n", ports.encrypt, "127.0.0.1");
	await encrypted?.program.says("one");
	await encrypted?.program.says("two");
	encrypted?.program.child.stdin?.write("answer\n");
	await eventually(() => client.received[0], "the answer");
	assert.equal(`${client.received[0]}`, "answer\n");
	const record = await recordOf("encrypt");
	assert.deepEqual(
		[record.serverTrust, record.serverLeg?.cipherSuite.includes("_RSA_"), record.faultCode],
		["trusted", true, "SESSION_IDLE_TIMEOUT"],
	);
});

test("R21 R34: two listeners are a tunnel through DTLS for a protocol that has none", async (t) => {
	const client = await udpSocket(t);
	for (let count = 0; count < 20; count++) client.socket.send(`number ${count}`, ports.outer, "127.0.0.1");
	await eventually(() => client.received.length === 20, "the answers");
	assert.deepEqual(client.received.map(String).toSorted()[0], "heard number 0");
	const large = Buffer.alloc(9_000, "x");
	client.socket.send(large, ports.outer, "127.0.0.1");
	await eventually(() => client.received.at(-1)?.length === 9_006, "a large datagram");
});

test("R28 R34: clients prove who they are, and one that does not is refused", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const identity = ca.identity(["device-7"], { extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] });
	const files = { cert: join(folder, "device.pem"), key: join(folder, "device.key") };
	writeFileSync(files.cert, identity.cert);
	writeFileSync(files.key, identity.key);
	const bare = startDtlsClient(t, ports.clients, trusting);
	await bare.says("alert");
	assert.equal((await recordOf("clients")).faultCode, "CLIENT_CERTIFICATE_REFUSED");
	const chain = join(folder, "device-chain.pem");
	writeFileSync(chain, ca.intermediate.pem);
	const args = [...trusting, "-cert", files.cert, "-key", files.key, "-cert_chain", chain];
	const client = startDtlsClient(t, ports.clients, args);
	await client.says("Verify return code: 0");
	client.child.stdin?.write("hello\n");
	await client.says("heard hello");
	client.child.stdin?.write("Q\n");
	const record = await eventually(
		() => gateway.records().find((one) => one.clientIdentity !== undefined),
		"the record",
	);
	assert.deepEqual([record.listener, record.clientIdentity], ["datagram clients", "device-7"]);
});

test("gnutls-cli is served; a policy for applications of UDP refuses, and says so with an alert", async (t) => {
	if (!requirePeers(t, ["openssl", "gnutls-cli"])) return;
	const client = startGnutlsClient(t, ports.offload, [
		"--x509cafile",
		rootFile,
		"--sni-hostname=shop.test",
		"--verify-hostname=shop.test",
	]);
	await client.says("Handshake was completed");
	client.child.stdin?.write("gnutls\n");
	await client.says("heard gnutls");
	await startDtlsClient(t, ports.denied, trusting).says("alert access denied");
	const record = await recordOf("denied");
	assert.deepEqual([record.decision, record.octetsToServer], ["block", 0]);
	assert.match(record.rule, /no$/);
});

test("a server where nobody listens ends the flow of its first datagram", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = startDtlsClient(t, ports.nobody, trusting);
	await client.says("Verify return code: 0");
	client.child.stdin?.write("anybody?\n");
	assert.equal((await recordOf("nobody")).faultCode, "SERVER_UNREACHABLE");
});

const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`;

function fingerprintOf({ cert }: Identity): string {
	return new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
}
