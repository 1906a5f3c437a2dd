/** A client's HTTPS request is opened, inspected, sealed again and recorded. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { connect as connectDirectly } from "node:tls";
import { ja3, ja4 } from "#tls/fingerprint.ts";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";
import { helloOf } from "../support/tls-hello.ts";

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
