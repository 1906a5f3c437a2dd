/** What is exempt is relayed untouched: the origin sees the client's own octets, and the client the origin's. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { eventually, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { openTls, openTunnel } from "../support/proxy-client.ts";
import { capturedHello, capturedHellos } from "../support/tls-hello.ts";

const ca = new TestCa();
const identity = ca.identity([
	"bank.test",
	"www.bank.test",
	"deep.www.bank.test",
	"six.bank.test",
	"shop.test",
	"plain.test",
]);
const origin = await httpsOrigin({ after }, identity, (_, response) => response.end("from the origin"));

/** Keeps what it was sent and answers with what a test gives it. */
let seen = Buffer.alloc(0);
let answer = Buffer.alloc(0);
const echo = await tcpOrigin({ after }, (socket) => {
	seen = Buffer.alloc(0);
	// A server of TLS never speaks first.
	socket.once("data", () => socket.write(answer));
	socket.on("data", (chunk: Buffer) => {
		seen = Buffer.concat([seen, chunk]);
	});
});
const gateway = await startGateway(
	{ after },
	{
		trust: ca.root.pem,
		hosts: ["bank.test", "www.bank.test", "deep.www.bank.test", "shop.test", "plain.test", "any.test", "evil.test"],
		mappings: { "six.bank.test": "inet6 ::1;" },
		profile: "decryption-policy exemptions; never-decrypt-source 127.0.0.9/32; always-decrypt-source 127.0.0.8/32;",
		profiles: "decryption-policy exemptions { never-decrypt-domains [ bank.test *.bank.test any.test ]; }",
		security: hostBook({ plain: "plain.test" }),
		policies: hostPolicy("plain", "permit;"),
	},
);

for (const { name, octets } of capturedHellos.filter((one) =>
	["chromium-1", "firefox", "node", "gnutls"].includes(one.name),
)) {
	test(`the origin sees the ClientHello of ${name} as it was sent, and every octet behind it`, async () => {
		answer = randomBytes(70_000);
		const behind = randomBytes(50_000);
		const whole = Buffer.concat([octets, behind]);
		// The hello names a host of its own; the exemption holds for the address that the client asked for.
		const client = await openTunnel(gateway, `127.0.0.1:${echo.port}`, { localAddress: "127.0.0.9" });
		client.send(octets).send(behind);
		await client.receives((received) => received.length === answer.length);
		await eventually(() => seen.length === whole.length, "all octets at the origin");
		assert.ok(seen.equals(whole), "the origin got other octets than the client sent");
		assert.ok(client.received.equals(answer), "the client got other octets than the origin sent");
		client.socket.destroy();
		const record = await gateway.record(client.localPort);
		assert.deepEqual([record.decision, record.inspection], ["bypass", "not decrypted"]);
		assert.equal(record.fact, "client 127.0.0.9 is in never-decrypt-source 127.0.0.9/32");
		assert.deepEqual([record.octetsToServer, record.octetsToClient], [whole.length, answer.length]);
		assert.deepEqual([record.clientLeg, record.serverLeg, record.serverTrust], [undefined, undefined, undefined]);
		assert.match(record.ja4 ?? "", /^t1/);
	});
}

for (const family of ["ipv4", "ipv6"] as const) {
	for (const host of ["bank.test", "www.bank.test", "deep.www.bank.test"]) {
		test(`R143: ${host} is exempt for a client of ${family}, which sees the origin's own certificate`, async () => {
			const client = await openTls(gateway, `${host}:${origin.port}`, { ca: ca.root.pem, family });
			const seenSha256 = client.socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase();
			assert.equal(seenSha256, identity.made.certificate.fingerprint);
			assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${host}`)).body.toString(), "from the origin");
			client.socket.end();
			const record = await gateway.record(client.localPort);
			assert.equal(record.decision, "bypass");
			assert.match(
				record.fact,
				/is covered by (\*\.)?bank\.test of never-decrypt-domains of decryption-policy exemptions$/,
			);
			assert.equal(record.endedBecause, "the client closed the connection");
		});
	}
}

test("an exempt origin is reached over IPv6", async () => {
	const client = await openTls(gateway, `six.bank.test:${origin.port}`, { ca: ca.root.pem });
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.server.address], ["bypass", "::1"]);
});

test("R157: a policy without a profile relays without opening", async () => {
	const client = await openTls(gateway, `plain.test:${origin.port}`, { ca: ca.root.pem });
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.rule, record.profile], ["bypass", "plain", undefined]);
});

test("R149: always-decrypt-source goes before an exempt name", async () => {
	const client = await openTls(gateway, `bank.test:${origin.port}`, { localAddress: "127.0.0.8" });
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.equal(record.decision, "decrypt");
	assert.equal(record.fact, "client 127.0.0.8 is in always-decrypt-source 127.0.0.8/32");
});

test("N5: an exempt SNI inside a tunnel to another host is decrypted", async () => {
	const client = await openTls(gateway, `shop.test:${origin.port}`, { servername: "bank.test" });
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.server.host, record.sni], ["decrypt", "shop.test", "bank.test"]);
});

test("a bypassed ClientHello may come in pieces", async () => {
	const { octets } = capturedHello("chromium-1");
	answer = Buffer.from("hi");
	const client = await openTunnel(gateway, `any.test:${echo.port}`, { localAddress: "127.0.0.9" });
	for (const [start, end] of [
		[0, 1],
		[1, 5],
		[5, 700],
		[700, octets.length],
	] as const) {
		client.send(octets.subarray(start, end));
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	await client.receives("hi");
	await eventually(() => seen.length === octets.length, "the whole hello");
	assert.ok(seen.equals(octets));
	client.socket.destroy();
});
