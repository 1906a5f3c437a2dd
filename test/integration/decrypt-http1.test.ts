/** A client's HTTPS request is opened, inspected, sealed again and recorded. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { connect as connectDirectly } from "node:tls";
import { ja3, ja4 } from "#tls/fingerprint.ts";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { openTls, openTunnel } from "../support/proxy-client.ts";
import { tap } from "../support/tap.ts";
import { buildHello, helloOf, inRecords, serverNameExtension } from "../support/tls-hello.ts";

const ca = new TestCa();
const identity = ca.identity(["shop.test", "six.test", "127.0.0.1", "::1"]);
const origin = await httpsOrigin({ after }, identity, (request, response) => {
	response.setHeader("X-Path", request.url ?? "");
	response.end(`hello ${request.headers.host}`);
});
const gateway = await startGateway(
	{ after },
	{ trust: ca.root.pem, mappings: { "shop.test": "inet 127.0.0.1;", "six.test": "inet6 ::1;" } },
);

const sha256 = (der: Uint8Array) => createHash("sha256").update(der).digest("hex");

for (const { family, host, address, sni } of [
	{ family: "ipv4", host: "shop.test", address: "127.0.0.1", sni: "shop.test" },
	{ family: "ipv6", host: "six.test", address: "::1", sni: "six.test" },
	{ family: "ipv4", host: "[::1]", address: "::1", sni: undefined },
	{ family: "ipv6", host: "127.0.0.1", address: "127.0.0.1", sni: undefined },
] as const) {
	test(`R7 R168 R223: ${host} is opened for a client of ${family}, and the record has both legs`, async () => {
		const target = `${host}:${origin.port}`;
		const client = await openTls(gateway, target, { family });
		const leaf = client.socket.getPeerX509Certificate();
		const cipherSuite = client.socket.getCipher().standardName;
		const response = await client.request(`GET /a?b=c HTTP/1.1\nHost: ${target}`);
		assert.equal(response.status, 200);
		assert.equal(response.headers.get("x-path"), "/a?b=c");
		assert.equal(response.body.toString(), `hello ${target}`);
		client.socket.end();

		assert.equal(leaf?.subjectAltName, "DNS:shop.test, DNS:six.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
		assert.notDeepEqual(
			leaf?.publicKey.export({ type: "spki", format: "der" }),
			identity.made.certificate.publicKey.raw,
		);
		const record = await gateway.record(client.localPort);
		assert.equal(record.listener, family === "ipv4" ? "v4" : "v6");
		assert.equal(record.client.address, family === "ipv4" ? "127.0.0.1" : "::1");
		assert.deepEqual(record.server, { host: host.replaceAll(/[[\]]/g, ""), port: origin.port, address });
		assert.equal(record.sni, sni);
		assert.deepEqual([record.decision, record.rule, record.inspection], ["decrypt", "inspect-all", "inspected"]);
		assert.equal(record.serverTrust, "trusted");
		assert.deepEqual(record.clientLeg, {
			version: "TLSv1.3",
			cipherSuite,
			group: "X25519MLKEM768",
			isResumed: false,
			certificateSha256: sha256(leaf?.raw ?? Buffer.alloc(0)),
		});
		assert.equal(record.serverLeg?.version, "TLSv1.3");
		assert.equal(record.serverLeg?.group, "X25519MLKEM768");
		assert.equal(record.serverLeg?.certificateSha256, identity.made.certificate.fingerprint);
		assert.equal(record.requests, 1);
		assert.equal(record.endedBecause, "the client closed the connection");
		assert.equal(record.faultCode, undefined);
		const { helloMs = -1, serverReadyMs = -1, clientReadyMs = -1 } = record.timing;
		assert.ok(0 <= helloMs && helloMs <= serverReadyMs && serverReadyMs <= clientReadyMs);
	});
}

test("R4 R15 R202 R294: each leg has keys of its own, and who listens on either wire sees nothing of what is inspected", async (t) => {
	const secrets: Record<"client" | "server", Set<string>> = { client: new Set(), server: new Set() };
	const keep = (side: Set<string>) => (line: Buffer) => {
		for (const word of String(line).trim().split(" ").slice(1)) side.add(word);
	};
	for (const server of origin.servers) server.on("keylog", keep(secrets.server));
	const [near, far] = [await tap(t, gateway.ports.ipv4), await tap(t, origin.port)];
	const target = `shop.test:${far.port}`;
	const tunnel = await openTunnel(near.before(gateway), target);
	const socket = connectDirectly({ socket: tunnel.release(), ca: gateway.caPem, servername: "shop.test" });
	socket.on("keylog", keep(secrets.client));
	socket.write(`GET /what-nobody-sees HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`);
	let text = "";
	for await (const chunk of socket) text += chunk;
	assert.match(text, /^x-path: \/what-nobody-sees\r$/im);
	const record = await gateway.record(near.clientPorts[0]);
	assert.deepEqual([record.inspection, record.requests], ["inspected", 1]);
	assert.ok(secrets.client.size >= 5 && secrets.server.size >= 5, "secrets of both handshakes and of the traffic");
	assert.deepEqual(
		[...secrets.client].filter((secret) => secrets.server.has(secret)),
		[],
	);
	for (const { toServer, toClient } of [near, far]) {
		assert.ok(toServer.length > 500 && toClient.length > 500);
		for (const octets of [toServer, toClient]) assert.ok(!octets.includes("what-nobody-sees"));
	}
});

test("N11: what a ClientHello holds that the gateway does not know goes no further, nor do its random octets", async (t) => {
	const marker = "never to be forwarded";
	const message = buildHello({
		cipherSuites: [0xfafb, 0xc02b, 0xc02f],
		extensions: [
			serverNameExtension([0, "shop.test"]),
			[10, Buffer.from("0004fafb001d", "hex")],
			[13, Buffer.from("0006fafb04030804", "hex")],
			[0xfade, Buffer.from(marker)],
		],
	});
	const far = await tap(t, origin.port);
	const client = await openTunnel(gateway, `shop.test:${far.port}`);
	client.send(inRecords(message));
	await client.receives((octets) => octets.length > 5);
	client.socket.destroy();
	const sent = helloOf(far.toServer);
	assert.ok(far.toServer.length > 0 && !far.toServer.includes(marker));
	assert.ok(!sent.extensions.some(({ type }) => type === 0xfade));
	const known = [sent.cipherSuites, sent.supportedGroups, sent.signatureAlgorithms];
	assert.deepEqual(
		known.map((codes) => codes.includes(0xfafb)),
		[false, false, false],
	);
	assert.notDeepEqual(sent.random, helloOf(inRecords(message)).random);
});

test("the record counts the octets of both directions", async () => {
	const client = await openTls(gateway, `shop.test:${origin.port}`);
	const request = `GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n`;
	client.send(request.repeat(3));
	let octets = 0;
	for (let count = 0; count < 3; count++) {
		const { head, body } = await client.response();
		octets += head.length + 4 + body.length;
	}
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.requests, record.octetsToServer, record.octetsToClient], [3, 3 * request.length, octets]);
});

test("JA3 and JA4 in the record are those of the client's own ClientHello", async () => {
	let first: Uint8Array = new Uint8Array(0);
	const listener = await tcpOrigin({ after }, (socket) => {
		socket.once("data", (chunk: Buffer) => {
			first = chunk;
			socket.destroy();
		});
	});
	const options = { servername: "shop.test", ALPNProtocols: ["http/1.1"], ecdhCurve: "X25519:P-256" };
	connectDirectly({ host: "127.0.0.1", port: listener.port, ...options }).on("error", () => undefined);
	await eventually(() => first.length > 0, "the ClientHello");
	const client = await openTls(gateway, `shop.test:${origin.port}`, options);
	client.socket.end();
	const record = await gateway.record(client.localPort);
	const hello = helloOf(first);
	assert.deepEqual([record.ja3, record.ja4, record.hasEch], [ja3(hello), ja4(hello), false]);
});

test("the issued certificate is an event that leads from the leaf to the origin's certificate", async () => {
	const client = await openTls(gateway, `shop.test:${origin.port}`);
	client.socket.end();
	const record = await gateway.record(client.localPort);
	const issued = gateway
		.events("CERTIFICATE_ISSUED")
		.find(({ fields }) => fields.leafSha256 === record.clientLeg?.certificateSha256);
	assert.equal(issued?.fields.originSha256, record.serverLeg?.certificateSha256);
	assert.equal(issued?.fields.ca, "sallyport-ca");
	assert.deepEqual(issued?.fields.names, ["shop.test", "six.test", "127.0.0.1", "::1"]);
});
