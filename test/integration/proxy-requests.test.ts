/** What a client may send to the proxy before its tunnel stands, and what it gets for anything else. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { hostBook, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { dial, openTunnel } from "../support/proxy-client.ts";
import { capturedHello, inRecords } from "../support/tls-hello.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("ok"));
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	listener: "protocols http-connect;",
	mappings: { "away.test": "inet 127.0.0.77;", "six.test": "inet6 ::1;" },
	gateway: "timeouts { request 1; client-hello 1; connect 1; handshake 1; }",
});
/** For clients by the hundred, who may have to wait their turn on a small machine. */
const patient = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	security: `${hostBook({ named: "www.example.org" })} address-book more { address splitter 127.0.0.12/32; }`,
	policies: `policy deny-named { match { source-address splitter; destination-address named; application any; } then { reject; } }`,
});
const target = `app.test:${origin.port}`;
const connect = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;

describe("requests to the proxy", { concurrency: 8 }, () => {
	for (const { says, octets, status, faultCode } of [
		{
			says: "a GET",
			octets: "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
			status: 405,
			faultCode: "PROXY_METHOD_REFUSED",
		},
		{ says: "no port", octets: "CONNECT a.test HTTP/1.1\r\n\r\n", status: 400, faultCode: "PROXY_REQUEST_MALFORMED" },
		{ says: "TLS at once", octets: capturedHello("curl").octets, status: 400, faultCode: "PROXY_REQUEST_MALFORMED" },
		{ says: "HTTP/2", octets: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400, faultCode: "PROXY_REQUEST_MALFORMED" },
		{
			says: "an endless line",
			octets: `CONNECT ${"a".repeat(20_000)}`,
			status: 431,
			faultCode: "PROXY_HEAD_TOO_LARGE",
		},
		{ says: "a slow head", octets: "CONNECT app.te", status: 408, faultCode: "PROXY_HEAD_TIMEOUT" },
		{ says: "nothing", octets: "", status: 408, faultCode: "PROXY_HEAD_TIMEOUT" },
		{
			says: "a host that nobody serves",
			octets: "CONNECT app.test:1 HTTP/1.1\r\n\r\n",
			status: 502,
			faultCode: "SERVER_UNREACHABLE",
		},
		{
			says: "a name without address",
			octets: "CONNECT no.such.invalid:443 HTTP/1.1\r\n\r\n",
			status: 502,
			faultCode: "SERVER_NAME_UNRESOLVED",
		},
	]) {
		test(`${says} gets ${status}`, async () => {
			const client = await dial(gateway);
			client.send(octets);
			const response = await client.response();
			assert.equal(response.status, status);
			assert.equal(response.headers.get("connection"), "close");
			if (status === 405) assert.equal(response.headers.get("allow"), "CONNECT");
			await client.over();
			const record = await gateway.record(client.localPort);
			assert.deepEqual([record.faultCode, record.decision], [faultCode, "none"]);
			assert.ok(response.body.toString().includes(record.id));
		});
	}

	for (const { says, octets, alert, faultCode } of [
		{ says: "no ClientHello in time", octets: new Uint8Array(0), alert: 40, faultCode: "CLIENT_HELLO_TIMEOUT" },
		{
			says: "half a ClientHello",
			octets: capturedHello("chromium-1").octets.subarray(0, 1000),
			alert: 40,
			faultCode: "CLIENT_HELLO_TIMEOUT",
		},
		{
			says: "garbage behind a valid beginning",
			octets: Buffer.concat([capturedHello("node").octets.subarray(0, 90), Buffer.alloc(3000, 0xfe)]),
			alert: 50,
			faultCode: "CLIENT_HELLO_MALFORMED",
		},
		{
			says: "a ClientHello that says it is endless",
			octets: Buffer.from("16030140000100ffffff0303", "hex"),
			alert: 50,
			faultCode: "CLIENT_HELLO_TOO_LARGE",
		},
		{
			says: "another record between the pieces",
			octets: Buffer.from("160301000401000010150301000202", "hex"),
			alert: 50,
			faultCode: "CLIENT_HELLO_MALFORMED",
		},
	]) {
		test(`${says} gets alert ${alert} inside the tunnel`, async () => {
			const client = await openTunnel(gateway, target);
			if (octets.length > 0) client.send(octets);
			await client.over();
			assert.deepEqual([...client.received], [0x15, 3, 3, 0, 2, 2, alert]);
			assert.equal((await gateway.record(client.localPort)).faultCode, faultCode);
		});
	}

	for (const [says, octets] of [
		["plain HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
		["SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
		["an SSLv2 hello", Buffer.from("802e0100020015000000100100800700c0030080", "hex")],
	] as const) {
		test(`R160: ${says} inside the tunnel ends it`, async () => {
			const client = await openTunnel(gateway, target);
			client.send(octets);
			await client.over();
			assert.equal(client.received.length, 0);
			assert.equal((await gateway.record(client.localPort)).faultCode, "CLIENT_NOT_TLS");
		});
	}

	test("a client that goes away before its request leaves a record and nothing else", async () => {
		const client = await dial(gateway);
		client.send("CONN").socket.end();
		assert.equal((await gateway.record(client.localPort)).endedBecause, "the client closed the connection");
	});

	test("the ClientHello may come in the same segment as the request", async () => {
		const client = await dial(gateway);
		client.send(Buffer.concat([Buffer.from(connect), capturedHello("node").octets]));
		await client.receives((received) => received.includes(Buffer.from([0x16, 3, 3])));
		assert.ok(client.text.startsWith("HTTP/1.1 200 "));
		client.socket.destroy();
	});
});

/** Sends a ClientHello in pieces and answers the gateway's first octets: type of the record and what stands in it. */
async function answerTo(pieces: readonly Uint8Array[], localAddress = "127.0.0.1"): Promise<string> {
	const client = await openTunnel(patient, target, { localAddress });
	for (const [index, piece] of pieces.entries()) {
		if (index > 0) await new Promise((resolve) => setTimeout(resolve, 4));
		client.send(piece);
	}
	await client.receives((received) => received.length >= 6);
	client.socket.destroy();
	const [type, , , , , first, second] = client.received;
	if (type === 0x16) return first === 2 ? "ServerHello" : `handshake ${first}`;
	return type === 0x15 ? `alert ${second}` : `record ${type}`;
}

/** The answers to a ClientHello split at each of the places, without doubles. */
async function answersTo(octets: Uint8Array, places: readonly number[], localAddress?: string): Promise<string[]> {
	const answers = new Set<string>();
	for (let from = 0; from < places.length; from += 100) {
		const some = places.slice(from, from + 100).map((at) => [octets.subarray(0, at), octets.subarray(at)]);
		for (const answer of await Promise.all(some.map((pieces) => answerTo(pieces, localAddress)))) answers.add(answer);
	}
	return [...answers];
}

describe("a ClientHello split over segments", () => {
	const everyOctet = (octets: Uint8Array) => Array.from({ length: octets.length - 1 }, (_, index) => index + 1);

	for (const name of ["openssl-tls12", "node", "chromium-1"]) {
		const { octets } = capturedHello(name);
		test(`of ${name} shows its server name wherever it is split: the policy denies it`, async () => {
			assert.deepEqual(await answersTo(octets, everyOctet(octets), "127.0.0.12"), ["alert 49"]);
		});

		test(`of ${name} is answered with a ServerHello wherever it is split`, async () => {
			const places = everyOctet(octets).filter((at) => octets.length < 300 || at < 50 || at % 19 === 0);
			assert.deepEqual(await answersTo(octets, places), ["ServerHello"]);
		});
	}

	test("octet by octet is understood", async () => {
		const { octets } = capturedHello("openssl-tls12");
		assert.equal(await answerTo(Array.from(octets, (octet) => Uint8Array.of(octet))), "ServerHello");
	});

	test("over records of a few octets each is understood", async () => {
		const { message } = capturedHello("node");
		assert.equal(await answerTo([inRecords(message, 100)]), "ServerHello");
		assert.equal(await answerTo([inRecords(message, 1, 3, 200)]), "ServerHello");
	});
});
