import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fault } from "#base/fault.ts";
import { type ArrivalAnswer, ExplicitArrival, type ExplicitProtocol } from "#proxy/explicit-arrival.ts";

const all: readonly ExplicitProtocol[] = ["http-connect", "http", "socks5"];
const begin = (...protocols: readonly ExplicitProtocol[]) =>
	new ExplicitArrival(new Set(protocols.length === 0 ? all : protocols));
const octets = (text: string) => Buffer.from(text, "latin1");
const connect = octets("CONNECT a.example:443 HTTP/1.1\r\n\r\nrest");
const socks = Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, 9]), octets("a.example"), Buffer.from([1, 0xbb])]);
const target = (answer: ArrivalAnswer) =>
	answer.kind === "tunnel" ? [answer.request.host, answer.request.port] : answer.kind;
const unreachable = fault("SERVER_UNREACHABLE", "server could not be reached: 192.0.2.1:443 ECONNREFUSED");

test("CONNECT and SOCKS5 come to the same request, and each is answered in its own words", () => {
	const http = begin();
	assert.deepEqual(target(http.push(connect)), ["a.example", 443]);
	assert.equal(http.isSocks, false);
	assert.match(Buffer.from(http.established()).toString(), /^HTTP\/1\.1 200 /);
	assert.match(Buffer.from(http.refusal(unreachable, "id")).toString(), /^HTTP\/1\.1 502 /);
	assert.match(Buffer.from(http.blocked("no", "id")).toString(), /^HTTP\/1\.1 403 /);
	const socks5 = begin();
	assert.deepEqual(target(socks5.push(socks)), ["a.example", 443]);
	assert.equal(socks5.isSocks, true);
	assert.deepEqual([...socks5.established()], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
	assert.equal(socks5.refusal(unreachable, "id")[1], 5);
	assert.equal(socks5.blocked("no", "id")[1], 2);
});

test("what the listener does not speak is refused, and the remedy is named", () => {
	const noConnect = begin("socks5").push(connect);
	assert.ok(noConnect.kind === "refuse" && noConnect.fault.code === "PROXY_PROTOCOL_REFUSED");
	const noSocks = begin("http-connect", "http").push(socks);
	assert.ok(noSocks.kind === "refuse");
	assert.deepEqual([...noSocks.send], [5, 255]);
	assert.match(noSocks.fault.message, /expected http-connect, http; set 'protocols'/);
});

test("another method is handed on with every octet that came", () => {
	const request = octets("POST http://a.example/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
	const answer = begin().push(request);
	assert.ok(answer.kind === "plain");
	assert.deepEqual(Buffer.from(answer.octets), request);
	assert.equal(answer.fault.code, "PROXY_METHOD_REFUSED");
});

test("any split of the octets gives the same request", () => {
	fc.assert(
		fc.property(fc.constantFrom(connect, socks), fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
			const arrival = begin();
			const ends = [...new Set([...cuts.map((cut) => cut % whole.length), whole.length])].sort((a, b) => a - b);
			let at = 0;
			let last: ArrivalAnswer | undefined;
			for (const end of ends) {
				if (last !== undefined && last.kind !== "need-more") break;
				last = arrival.push(whole.subarray(at, end));
				at = end;
			}
			assert.deepEqual(target(last as ArrivalAnswer), ["a.example", 443]);
		}),
	);
});

test("no octets make it throw, and who says nothing is told what was expected", () => {
	assert.equal(begin().timedOut().code, "PROXY_HEAD_TIMEOUT");
	fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (chunk) => void begin().push(chunk)));
});
