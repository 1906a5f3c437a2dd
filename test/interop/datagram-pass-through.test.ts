/** DTLS of openssl and GnuTLS through a datagram listener that does not open it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, type TestContext, test } from "node:test";
import { DtlsHelloReader } from "#tls/dtls-client-hello.ts";
import { startDtlsClient, startDtlsServer, startGnutlsClient, udpSocket } from "../support/dtls-peers.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerFolder } from "../support/peer-programs.ts";
import { hasPeers, peerPath, requirePeers } from "../support/peers.ts";

// The host's configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
process.env.GNUTLS_SYSTEM_PRIORITY_FILE = "/dev/null";
const owner = { after };
const folder = peerFolder(owner);
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const hasOpenssl = hasPeers(["openssl"]);
const cookies = hasOpenssl ? await startDtlsServer(owner, folder, identity) : undefined;
const bare = hasOpenssl ? await startDtlsServer(owner, folder, identity, []) : undefined;
const overIpv6 = hasOpenssl ? await startDtlsServer(owner, folder, identity, ["-listen"], "::1") : undefined;
const loud = await udpSocket(owner, (datagram, port, socket) => {
	for (let copy = 0; copy < 5; copy++) socket.send(datagram, port, "127.0.0.1");
});
const [fixed, permitting, named, ipv6, amplifier] = (await Promise.all(
	Array.from({ length: 5 }, () => freePort()),
)) as [number, number, number, number, number];
const gateway = await startGateway(owner, {
	mappings: { "app.test": "inet 127.0.0.1;", "named.test": "inet 127.0.0.2;", "secret.test": "inet 127.0.0.2;" },
	gateway: `
		datagram fixed { listen 127.0.0.1:${fixed}; server app.test:${cookies?.port ?? 1}; pass-through; idle-timeout 5; }
		datagram permitting {
			listen 127.0.0.1:${permitting}; server 127.0.0.1:${bare?.port ?? 1}; pass-through; permit-servers-without-cookie;
		}
		datagram named { listen 127.0.0.1:${named}; server by-sni; pass-through; }
		datagram six { listen "[::1]:${ipv6}"; server "[::1]:${overIpv6?.port ?? 1}"; pass-through; }
		datagram amplifier { listen 127.0.0.1:${amplifier}; server 127.0.0.1:${loud.port}; pass-through; }
		timeouts { handshake 4; }
		workers 2;`,
	security: "address-book global { address secret dns-name secret.test; address fixed dns-name app.test; }",
	policies: `
		policy no { match { source-address any; destination-address secret; application any; } then { reject; } }
		policy tcp { match { source-address any; destination-address fixed; application over-tcp; } then { reject; } }`,
	top: "applications { application over-tcp { protocol tcp; destination-port 1-65535; } }",
});

const recordOf = (listener: string) =>
	eventually(
		() => gateway.records().find((record) => record.listener === `datagram ${listener}`),
		`record of ${listener}`,
	);

test("R20 R34: DTLS of openssl passes unopened in both directions, and its record tells names, octets and end", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = startDtlsClient(t, fixed, ["-servername", "app.test"]);
	await client.says("Verification");
	client.child.stdin?.write("from the client\n");
	await cookies?.program.says("from the client");
	cookies?.program.child.stdin?.write("from the server\n");
	await client.says("from the server");
	client.child.stdin?.write("Q\n");
	await client.ended;
	const record = await recordOf("fixed");
	assert.deepEqual(
		[record.sni, record.server.host, record.server.address, record.decision, record.inspection],
		["app.test", "app.test", "127.0.0.1", "bypass", "not decrypted"],
	);
	assert.equal(record.endedBecause, "the client closed with an alert");
	assert.ok(record.octetsToServer > 500 && record.octetsToClient > 1_000, JSON.stringify(record));
	assert.equal(record.faultCode, undefined);
});

test("R34: over IPv6", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const client = startDtlsClient(t, ipv6, [], "::1");
	await client.says("Verification");
	client.child.stdin?.write("over six\n");
	await overIpv6?.program.says("over six");
});

test("gnutls-cli, whose ClientHello is read too, reaches a server of openssl", async (t) => {
	if (!requirePeers(t, ["openssl", "gnutls-cli"])) return;
	const client = startGnutlsClient(t, permitting, ["--insecure", "--sni-hostname=app.test"]);
	await client.says("Handshake was completed");
	client.child.stdin?.write("from gnutls\n");
	await bare?.program.says("from gnutls");
});

test("a forged ClientHello has no more octets sent to its victim than it had itself", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const hello = await capturedHello(t, "app.test");
	const victim = await udpSocket(t);
	victim.socket.send(hello, amplifier, "127.0.0.1");
	const record = await recordOf("amplifier");
	assert.equal(record.faultCode, "CLIENT_ADDRESS_UNPROVEN");
	assert.match(
		record.endedBecause,
		/4 datagrams .* kept from it; server .* asks for no cookie, which permit-servers-without-cookie/,
	);
	assert.equal(victim.received.length, 1);
	assert.equal(Buffer.concat(victim.received).length, hello.length);
});

test("R34: where the ClientHello names the server, policy decides by the name; a refused client gets one alert of DTLS", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const refused = startDtlsClient(t, named, ["-servername", "secret.test"]);
	await refused.says("alert access denied");
	const denied = await recordOf("named");
	assert.deepEqual([denied.decision, denied.sni, denied.octetsToServer], ["block", "secret.test", 0]);
	assert.match(denied.fact, /secret\.test/);
});

test("what begins no connection is dropped without an answer or a record", async (t) => {
	const stranger = await udpSocket(t);
	for (const datagram of [Buffer.from("hello"), Buffer.alloc(1_200, 23), Buffer.alloc(0)])
		stranger.socket.send(datagram, fixed, "127.0.0.1");
	const hello = hasOpenssl ? await capturedHello(t, "nobody.test") : undefined;
	if (hello === undefined) return;
	// Its alert shows that what was sent before has been handled.
	stranger.socket.send(hello, named, "127.0.0.1");
	await eventually(() => stranger.received.length > 0 || undefined, "the alert");
	assert.equal(stranger.received.length, 1);
	assert.equal(stranger.received[0]?.[0], 21);
});

/** What openssl sends first. */
async function capturedHello(t: TestContext, name: string): Promise<Buffer> {
	const catcher = await udpSocket(t);
	const child = spawn(peerPath("openssl"), [
		"s_client",
		"-dtls",
		"-servername",
		name,
		"-connect",
		`127.0.0.1:${catcher.port}`,
	]);
	t.after(() => child.kill("SIGKILL"));
	const hello = await eventually(() => catcher.received[0], "a ClientHello");
	assert.equal(new DtlsHelloReader().push(hello).kind, "hello");
	return hello;
}
