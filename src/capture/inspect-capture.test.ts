import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { concat } from "#base/bytes.ts";
import { CaptureInspection } from "#capture/inspect-capture.ts";
import { type TestSegment, tcpFrames, udpFrame } from "../../test/support/captures.ts";
import { engineOf } from "../../test/support/signature-traffic.ts";
import { capturedHellos } from "../../test/support/tls-hello.ts";

const rules = [
	'drop http any any -> any any (msg:"uri"; http.uri; content:"/evil"; sid:1;)',
	'alert http any any -> any any (msg:"body"; flow:to_client; file.data; content:"malware"; sid:2;)',
	'alert tls any any -> any any (msg:"hello"; ssl_state:client_hello; sid:3;)',
	'alert tcp any any -> any any (msg:"word"; content:"secret word"; sid:4;)',
	'alert udp any any -> any 53 (msg:"query"; content:"evil"; sid:5;)',
	'alert smtp any any -> any any (msg:"mail"; content:"RCPT TO"; sid:6;)',
	'alert tcp any any -> any any (msg:"size"; dsize:7; content:"exactly"; sid:7;)',
	'alert http any any -> any any (msg:"second"; http.uri; content:"/second"; sid:8;)',
];

function alerts(frames: readonly Uint8Array[]): string[] {
	const found: string[] = [];
	const inspection = new CaptureInspection(engineOf(rules), ({ signature }, { protocol, facts }) => {
		found.push(`${signature.sid} ${protocol} ${facts.serverPort}`);
	});
	for (const [index, octets] of frames.entries())
		inspection.packet({ at: index, linkType: 1, octets, number: index + 1 });
	inspection.end();
	return found;
}

const c = (payload: string | Uint8Array, more: Partial<TestSegment> = {}): TestSegment => ({
	fromClient: true,
	payload,
	...more,
});
const s = (payload: string | Uint8Array, more: Partial<TestSegment> = {}): TestSegment => ({
	fromClient: false,
	payload,
	...more,
});
const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

test("HTTP is read over segments, in either direction, and traffic goes on behind a rule that would drop it", () => {
	const request = get("/evil");
	const frames = tcpFrames([
		c(request.slice(0, 7)),
		c(request.slice(7)),
		s(answer("some malware")),
		c(get("/second")),
		s(answer("")),
	]);
	assert.deepEqual(alerts(frames), ["1 http 80", "2 http 80", "8 http 80"]);
});

test("segments that come twice or out of order change nothing", () => {
	const request = get("/evil");
	const frames = tcpFrames([
		c(request.slice(9), { offset: 9 }),
		c(request.slice(0, 9), { offset: 0 }),
		c(request, { offset: 0 }),
	]);
	assert.deepEqual(alerts(frames), ["1 http 80"]);
});

test("a compressed body is looked into", () => {
	const body = gzipSync("a malware");
	const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
	assert.deepEqual(alerts(tcpFrames([c(get("/")), s(concat([Buffer.from(head), body]))])), ["2 http 80"]);
});

test("octets that were lost make the rest a stream", () => {
	const frames = tcpFrames([c(get("/")), s("HTTP/1.1 200 OK\r\nContent-"), s("a secret word", { offset: 900 })]);
	assert.deepEqual(alerts(frames), ["4 tcp 80"]);
});

test("what is no HTTP that is understood goes on as a stream", () => {
	const frames = tcpFrames([c("GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n"), c("the secret word")]);
	assert.deepEqual(alerts(frames), ["4 tcp 80"]);
});

test("the handshake of TLS is judged", () => {
	const octets = capturedHellos[0]?.octets ?? assert.fail();
	assert.deepEqual(alerts(tcpFrames([c(octets.subarray(0, 100)), c(octets.subarray(100))], 443)), ["3 tls 443"]);
});

test("datagrams, mail and single packets are judged", () => {
	assert.deepEqual(alerts([udpFrame(true, "evil"), udpFrame(false, "evil")]), ["5 udp 53"]);
	const mail = tcpFrames([s("220 mx ESMTP\r\n"), c("EHLO a\r\n"), c("RCPT TO:<b>\r\n")], 25);
	assert.deepEqual(alerts(mail), ["6 smtp 25"]);
	assert.deepEqual(alerts(tcpFrames([c("exactly"), c("not exactly")], 9_999)), ["7 tcp 9999"]);
});

test("a capture that begins in the midst takes the lower port for the server's", () => {
	const frames = tcpFrames([c(get("/evil"))]).slice(2);
	assert.deepEqual(alerts(frames), ["1 http 80"]);
});

test("a connection of the same ends after the first is another one", () => {
	const one = tcpFrames([c(get("/evil"), { flags: 0x11 })]);
	assert.deepEqual(alerts([...one, ...one]), ["1 http 80", "1 http 80"]);
});

test("packets that are passed over are counted by what they are", () => {
	const inspection = new CaptureInspection(engineOf(rules), () => undefined);
	for (const octets of [new Uint8Array(60), new Uint8Array(60), udpFrame(true, "x")])
		inspection.packet({ at: 0, linkType: 1, octets, number: 1 });
	assert.deepEqual(inspection.figures, {
		packets: 3,
		passedOver: new Map([["no IP packet", 2]]),
		flows: 1,
		alerts: 0,
		decrypted: 0,
		notDecrypted: new Map(),
	});
});
