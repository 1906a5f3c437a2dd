/** The protocol inside TLS is the one that the origin chose out of what the client offered. */
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { after, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const modern = await http2Origin({ after }, identity, (server) => {
	server.on("request", (request, response) => {
		response.end(request.url === "/eicar" ? eicar : `HTTP/${request.httpVersion} ${request.url}`);
	});
});
const old = await httpsOrigin({ after }, identity, (request, response) => response.end(request.httpVersion), {
	ALPNProtocols: ["http/1.1"],
});
const silent = await tlsOrigin({ after }, identity, (socket) => socket.write("220 ready\r\n"));
const picky = await tlsOrigin({ after }, identity, (socket) => socket.write("hi"), { ALPNProtocols: ["acme-tls/1"] });
const gateway = await startGateway({ after }, { trust: ca.root.pem, hosts: ["app.test"] });

const at = (origin: { port: number }) => `app.test:${origin.port}`;

for (const { says, origin, offered, chosen, inspection } of [
	{
		says: "h2, which both speak",
		origin: modern,
		offered: ["h2", "http/1.1"],
		chosen: "h2",
		inspection: "inspected",
	},
	{
		says: "http/1.1, since the client offers no h2",
		origin: modern,
		offered: ["http/1.1"],
		chosen: "http/1.1",
		inspection: "inspected",
	},
	{
		says: "http/1.1, since the origin has no h2",
		origin: old,
		offered: ["h2", "http/1.1"],
		chosen: "http/1.1",
		inspection: "inspected",
	},
	{
		says: "no protocol, since the client offers none",
		origin: modern,
		offered: [],
		chosen: false,
		inspection: "decrypted, not inspected",
	},
	{
		says: "no protocol, since the origin chooses none",
		origin: silent,
		offered: ["h2", "http/1.1"],
		chosen: false,
		inspection: "decrypted, not inspected",
	},
	{
		says: "a protocol that the gateway does not know",
		origin: picky,
		offered: ["acme-tls/1"],
		chosen: "acme-tls/1",
		inspection: "decrypted, not inspected",
	},
] as const) {
	test(`M11: the client gets ${says}`, async () => {
		const client = await openTls(gateway, at(origin), { ALPNProtocols: [...offered] });
		assert.equal(client.socket.alpnProtocol, chosen);
		client.socket.end();
		const record = await gateway.record(client.localPort);
		const alpn = chosen === false ? undefined : chosen;
		assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], [alpn, alpn]);
		assert.equal(record.inspection, inspection);
	});
}

test("a protocol without a name in which the server speaks first passes, as mail does", async () => {
	const client = await openTls(gateway, at(silent));
	await client.receives("220 ready");
	client.send("EHLO me\r\n").socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.inspection, record.faultCode], ["decrypted, not inspected", undefined]);
});

test("M11: an origin without any of the offered protocols ends the handshake of the client too", async () => {
	await assert.rejects(openTls(gateway, at(picky), { ALPNProtocols: ["h2"] }));
});

test("many requests travel over one HTTP/2 connection, and each is inspected and counted", async () => {
	const client = await openTls(gateway, at(modern), { ALPNProtocols: ["h2"] });
	const session = connectHttp2(`https://${at(modern)}`, { createConnection: () => client.release() });
	const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(session, `/${index}`)));
	assert.deepEqual(
		answers,
		Array.from({ length: 20 }, (_, index) => `HTTP/2.0 /${index}`),
	);
	session.close();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.inspection, record.requests], ["decrypt", "inspected", 20]);
	assert.equal(record.faultCode, undefined);
});

test("R189: a pattern in a stream of HTTP/2 is answered with 403, and the connection goes on", async () => {
	const client = await openTls(gateway, at(modern), { ALPNProtocols: ["h2"] });
	const session = connectHttp2(`https://${at(modern)}`, { createConnection: () => client.release() });
	const [before, blocked, after] = await Promise.all(["/before", "/eicar", "/after"].map((path) => get(session, path)));
	assert.deepEqual([before, after], ["HTTP/2.0 /before", "HTTP/2.0 /after"]);
	assert.doesNotMatch(blocked ?? "", /EICAR/);
	session.close();
	const record = await gateway.record(client.localPort);
	assert.deepEqual(
		record.findings.map(({ name, where, verdict, request }) => [name, where, verdict, request]),
		[["eicar", "response-body", "block", `GET ${at(modern)}/eicar`]],
	);
	assert.deepEqual([record.requests, record.faultCode], [3, undefined]);
});

function get(session: ReturnType<typeof connectHttp2>, path: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const stream = session.request({ ":path": path });
		let body = "";
		stream.setEncoding("latin1");
		stream.on("data", (chunk: string) => {
			body += chunk;
		});
		stream.on("end", () => resolve(body));
		stream.on("error", reject);
		stream.end();
	});
}
