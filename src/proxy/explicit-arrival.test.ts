import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fault } from "#base/fault.ts";
import { type ArrivalAnswer, ExplicitArrival, type ExplicitProtocol } from "#proxy/explicit-arrival.ts";
import type { UserVerdict } from "#proxy/proxy-users.ts";

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
	assert.deepEqual(target(http.push(connect, 0)), ["a.example", 443]);
	assert.equal(http.isSocks, false);
	assert.match(Buffer.from(http.established()).toString(), /^HTTP\/1\.1 200 /);
	assert.match(Buffer.from(http.refusal(unreachable, "id")).toString(), /^HTTP\/1\.1 502 /);
	assert.match(Buffer.from(http.blocked("no", "id")).toString(), /^HTTP\/1\.1 403 /);
	const socks5 = begin();
	assert.deepEqual(target(socks5.push(socks, 0)), ["a.example", 443]);
	assert.equal(socks5.isSocks, true);
	assert.deepEqual([...socks5.established()], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
	assert.equal(socks5.refusal(unreachable, "id")[1], 5);
	assert.equal(socks5.blocked("no", "id")[1], 2);
});

test("what the listener does not speak is refused, and the remedy is named", () => {
	const noConnect = begin("socks5").push(connect, 0);
	assert.ok(noConnect.kind === "refuse" && noConnect.fault.code === "PROXY_PROTOCOL_REFUSED");
	const noSocks = begin("http-connect", "http").push(socks, 0);
	assert.ok(noSocks.kind === "refuse");
	assert.deepEqual([...noSocks.send], [5, 255]);
	assert.match(noSocks.fault.message, /expected http-connect, http; set 'protocols'/);
});

test("another method is handed on with every octet that came", () => {
	const request = octets("POST http://a.example/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
	const answer = begin().push(request, 0);
	assert.ok(answer.kind === "plain");
	assert.deepEqual(Buffer.from(answer.octets), request);
	assert.equal(answer.fault.code, "PROXY_METHOD_REFUSED");
});

const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString("base64")}`;
const withUsers = (verdict: UserVerdict) => {
	const asked: string[] = [];
	const arrival = new ExplicitArrival(new Set(all), (user, password, now) => {
		asked.push(`${user} ${password.danger_reveal()} ${now}`);
		return verdict;
	});
	return { arrival, asked };
};

test("where there are users CONNECT needs one, by Basic; who gives none or a wrong one is asked for it with 407", () => {
	const ask = (verdict: UserVerdict, ...lines: readonly string[]) => {
		const { arrival, asked } = withUsers(verdict);
		const head = ["CONNECT a.example:443 HTTP/1.1", ...lines].join("\r\n");
		return { arrival, asked, answer: arrival.push(octets(`${head}\r\n\r\n`), 7) };
	};
	const good = ask("accepted", basic("alice:pass:word"));
	assert.deepEqual([target(good.answer), good.arrival.user], [["a.example", 443], "alice"]);
	assert.deepEqual(good.asked, ["alice pass:word 7"]);
	for (const [verdict, lines, got] of [
		["accepted", [], /got no user and password/],
		["accepted", ["Proxy-Authorization: Bearer abc"], /got no user and password/],
		["accepted", [basic("alice:x"), basic("bob:y")], /got no user and password/],
		["refused", [basic("alice:secret1")], /got user alice with a wrong password/],
		["refused", [basic("my secret1:x")], /got no such user/],
		["held", [basic("alice:secret1")], /too many wrong passwords/],
	] as const) {
		const { arrival, answer } = ask(verdict, ...lines);
		assert.ok(answer.kind === "refuse");
		assert.match(answer.fault.message, got);
		assert.doesNotMatch(answer.fault.message, /secret1/);
		assert.equal(arrival.user, undefined);
		const page = Buffer.from(arrival.refusal(answer.fault, "id")).toString();
		assert.match(page, /^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
		assert.match(page, /\r\nProxy-Authenticate: Basic realm="Sallyport", charset="UTF-8"\r\n/);
		assert.doesNotMatch(page, /secret1|alice|too many|wrong/);
	}
});

test("a request in clear says whether its client was believed, so that the gateway's own page is shown to everybody", () => {
	const request = (line: string) => octets(`GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n${line}\r\n`);
	const denied = withUsers("accepted").arrival.push(request(""), 0);
	assert.ok(denied.kind === "plain");
	assert.equal(denied.denied?.code, "PROXY_AUTHENTICATION_REQUIRED");
	const good = withUsers("accepted").arrival.push(request(`${basic("a:b")}\r\n`), 0);
	assert.ok(good.kind === "plain");
	assert.equal(good.denied, undefined);
});

test("RFC 1929: where there are users SOCKS5 needs one, and a wrong password ends it", () => {
	const greeting = Buffer.from([5, 2, 0, 2]);
	const credentials = Buffer.concat([Buffer.from([1, 5]), octets("alice"), Buffer.from([4]), octets("word")]);
	const request = socks.subarray(3);
	const good = withUsers("accepted");
	assert.deepEqual([...good.arrival.push(greeting, 1).send], [5, 2]);
	const answer = good.arrival.push(Buffer.concat([credentials, request]), 2);
	assert.deepEqual([target(answer), [...answer.send], good.arrival.user], [["a.example", 443], [1, 0], "alice"]);
	assert.deepEqual(good.asked, ["alice word 2"]);
	for (const verdict of ["refused", "held"] as const) {
		const { arrival } = withUsers(verdict);
		arrival.push(greeting, 0);
		const refused = arrival.push(credentials, 0);
		assert.ok(refused.kind === "refuse");
		assert.deepEqual([refused.fault.code, [...refused.send]], ["SOCKS_AUTHENTICATION_FAILED", [1, 1]]);
	}
	const without = withUsers("accepted").arrival.push(Buffer.from([5, 1, 0]), 0);
	assert.ok(without.kind === "refuse");
	assert.deepEqual([without.fault.code, [...without.send]], ["SOCKS_METHODS_DO_NOT_MATCH", [5, 255]]);
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
				last = arrival.push(whole.subarray(at, end), 0);
				at = end;
			}
			assert.deepEqual(target(last as ArrivalAnswer), ["a.example", 443]);
		}),
	);
});

test("no octets make it throw, and who says nothing is told what was expected", () => {
	assert.equal(begin().timedOut().code, "PROXY_HEAD_TIMEOUT");
	fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (chunk) => void begin().push(chunk, 0)));
});
