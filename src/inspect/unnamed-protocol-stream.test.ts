import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { forward, hold, release, stop } from "#inspect/plaintext-stream.ts";
import { readFirstLine, UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const bad = {
	name: "bad",
	octets: octets("BAD!"),
	ignoresCase: false,
	places: patternPlaces,
	verdict: "block",
} as const;

function open(): UnnamedProtocolStream {
	const services = [patternService([bad])];
	return new UnnamedProtocolStream(
		() => new Http1Stream(services, "0011223344556677", 1_000_000),
		() => new OpaqueStream(services),
	);
}

test("a request in one chunk is HTTP and travels on as it is", () => {
	const stream = open();
	assert.equal(stream.inspection, "decrypted, not inspected");
	assert.equal(stream.fromClient(octets("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), forward);
	assert.deepEqual([stream.inspection, stream.requests], ["inspected", 1]);
	assert.equal(stream.fromServer(octets("HTTP/1.1 204 No\r\n\r\n")), forward);
});

test("a request split at any octet is the same, and no octet of it is lost", () => {
	const request = octets("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n");
	for (let at = 1; at < request.length; at++) {
		const stream = open();
		const sent: Uint8Array[] = [];
		for (const chunk of [request.subarray(0, at), request.subarray(at)]) {
			const answer = stream.fromClient(chunk);
			if (answer === forward) sent.push(chunk);
			if (answer === release) sent.push(...stream.released.splice(0));
		}
		assert.equal(Buffer.from(concat(sent)).toString("latin1"), request.toString("latin1"), `split at ${at}`);
		assert.equal(stream.requests, 1);
	}
});

for (const [name, first] of [
	["LDAP", Buffer.from("300c0201016007020103040080 00".replace(" ", ""), "hex")],
	["MQTT", Buffer.from("101000044d515454", "hex")],
	["AMQP", Buffer.from("414d515000000901", "hex")],
	["XMPP", octets("<?xml version='1.0'?>")],
	["Redis", octets("*1\r\n$4\r\nPING\r\n")],
	["IRC", octets("NICK somebody\r\nUSER a b c d\r\n")],
	["Redis in a line", octets("GET key\r\n")],
	["a token that is no method", octets("0123456789ABCDEF".repeat(3))],
] as const) {
	test(`${name} is not HTTP, and is told at once`, () => {
		const stream = open();
		assert.equal(stream.fromClient(first), forward);
		assert.equal(stream.inspection, "decrypted, not inspected");
		assert.equal(stream.fromServer(octets("anything")), forward);
	});
}

test("a server that speaks first is not HTTP", () => {
	const stream = open();
	assert.equal(stream.fromServer(octets("* OK IMAP4rev1 ready\r\n")), forward);
	assert.equal(stream.fromClient(octets("a1 LOGIN x y\r\n")), forward);
	assert.equal(stream.inspection, "decrypted, not inspected");
});

test("what was held of the client goes out when the server speaks first after all", () => {
	const stream = open();
	assert.equal(stream.fromClient(octets("EHLO ")), hold);
	assert.equal(stream.isClientWaiting, false);
	assert.equal(stream.fromServer(octets("220 hi\r\n")), forward);
	assert.deepEqual(stream.released, [], "the client's octets must not go to the client");
	assert.equal(stream.isClientWaiting, true);
	assert.equal(stream.clientMayGoOn(), release);
	assert.deepEqual(stream.released.map(String), ["EHLO "]);
	assert.equal(stream.isClientWaiting, false);
});

test("a client that ends before its first line is complete gets its octets through", () => {
	const stream = open();
	assert.equal(stream.fromClient(octets("QUIT now")), hold);
	assert.equal(stream.clientEnded(), release);
	assert.deepEqual(stream.released.map(String), ["QUIT now"]);
	assert.equal(open().clientEnded(), forward);
	assert.equal(open().serverEnded(), forward);
});

test("patterns are found whichever protocol it turns out to be", () => {
	const other = open();
	assert.equal(other.fromClient(octets("\x01\x02 BAD!")), stop);
	assert.equal(other.stop?.why, 'blocked by pattern "bad" in stream-to-server');
	const http = open();
	assert.equal(http.fromClient(octets("GET /BAD! HTTP/1.1\r\nHost: a\r\n\r\n")), stop);
	assert.match(String(http.stop?.answer), /403/);
});

for (const line of [
	"GET / HTTP/1.1 ",
	"GET / HTTP/1.10",
	"GET\t/\tHTTP/1.1",
	"GET / http/1.1",
	"GET / HTTP/1.1 more",
	"GET https://other.test/",
	"GET /",
	`${"LONG".repeat(20)} / HTTP/1.1`,
])
	test(`F12: ${JSON.stringify(line)}, which lenient servers take for a request, does not pass unread`, () => {
		const stream = open();
		assert.equal(stream.fromClient(octets(`${line}\r\nHost: other.test\r\n\r\n`)), stop);
		assert.match(String(stream.stop?.answer), /^HTTP\/1\.1 400/);
	});

for (const line of [`GET /${"a".repeat(9_000)}`, `GET${" ".repeat(9_000)}`, `CONNECT ${"a".repeat(9_000)}`])
	test(`F12: a first line as long as ${line.slice(0, 9)}... is that of a request`, () => {
		const stream = open();
		assert.equal(stream.fromClient(octets(line.slice(0, 4_000))), hold);
		assert.equal(stream.fromClient(octets(line.slice(4_000))), hold);
		assert.equal(stream.inspection, "inspected");
	});

test("a first line without end that is of no request is given up", () => {
	const stream = open();
	assert.equal(stream.fromClient(octets("8500 <34>1 ")), hold);
	assert.equal(stream.fromClient(octets("a".repeat(8_500))), release);
	assert.equal(stream.inspection, "decrypted, not inspected");
});

test("no octets make it throw, and every split of them is judged alike", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
			const whole = readFirstLine(random);
			for (let length = 0; length < random.length; length++) {
				const part = readFirstLine(random.subarray(0, length));
				if (part !== "need-more") assert.equal(part, whole);
			}
		}),
	);
});
