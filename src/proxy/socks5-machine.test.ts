import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressOf, parseAddress } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import {
	encodeSocks5Reply,
	type Socks5Answer,
	Socks5Machine,
	socks5Reply,
	socks5ReplyOf,
} from "#proxy/socks5-machine.ts";

const greeting = [5, 1, 0];
const withPassword = { mustAuthenticate: true };
const text = (value: string) => [...Buffer.from(value, "latin1")];
const nameRequest = (name: string, port = 443) => [5, 1, 0, 3, name.length, ...text(name), port >> 8, port & 0xff];

/** Feeds the octets in the sizes given, accepts any password, and answers what was sent and the last answer. */
function feed(octets: readonly number[], options = { mustAuthenticate: false }, sizes: readonly number[] = []) {
	const machine = new Socks5Machine(options);
	const all = Uint8Array.from(octets);
	const sent: number[] = [];
	let at = 0;
	let last: Socks5Answer | undefined;
	for (const size of [...sizes, all.length]) {
		last = machine.push(all.subarray(at, at + size));
		at = Math.min(all.length, at + size);
		sent.push(...last.send);
		if (last.kind === "authenticate") {
			last = machine.authenticated(last.password.danger_reveal() === "secret");
			sent.push(...last.send);
		}
		if (last.kind !== "need-more") break;
	}
	assert.ok(last !== undefined);
	return { sent, last, rest: [...all.subarray(at)] };
}

test("a client without authentication asks for a name, and what follows is handed on", () => {
	const { sent, last } = feed([...greeting, ...nameRequest("Shop.Example."), 0x16, 3, 1]);
	assert.deepEqual(sent, [5, 0]);
	assert.ok(last.kind === "request");
	assert.deepEqual(last.request, { host: "shop.example", port: 443, rest: Uint8Array.of(0x16, 3, 1) });
});

for (const [what, request, host] of [
	["IPv4", [5, 1, 0, 1, 192, 0, 2, 7, 0, 80], "192.0.2.7"],
	["IPv6", [5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1, 0, 80], "2001:db8::1"],
	["an address as a name", nameRequest("192.0.2.7", 80), "192.0.2.7"],
	["an IPv6 address as a name", nameRequest("2001:DB8::1", 80), "2001:db8::1"],
] as const) {
	test(`a target is read from ${what}`, () => {
		const { last } = feed([...greeting, ...request]);
		assert.ok(last.kind === "request");
		assert.deepEqual([last.request.host, last.request.port], [host, 80]);
	});
}

test("an IPv4 address inside an IPv6 address is that IPv4 address, so that local targets stay known (F14)", () => {
	const mapped = [...new Array(10).fill(0), 0xff, 0xff, 127, 0, 0, 1];
	const { last } = feed([...greeting, 5, 1, 0, 4, ...mapped, 0, 80]);
	assert.equal(last.kind === "request" && last.request.host, "127.0.0.1");
});

test("user and password are asked for where the listener demands them, and are in no message", () => {
	const login = [1, 3, ...text("tim"), 6, ...text("secret")];
	const { sent, last } = feed([5, 2, 0, 2, ...login, ...nameRequest("a.test")], withPassword);
	assert.deepEqual(sent, [5, 2, 1, 0]);
	assert.equal(last.kind, "request");
	const wrong = feed([5, 1, 2, 1, 3, ...text("tim"), 5, ...text("wrong")], withPassword);
	assert.deepEqual(wrong.sent, [5, 2, 1, 1]);
	assert.equal(wrong.last.kind === "refuse" && wrong.last.fault.code, "SOCKS_AUTHENTICATION_FAILED");
	assert.doesNotMatch(JSON.stringify(wrong.last), /wrong|tim/);
	const machine = new Socks5Machine(withPassword);
	machine.push(Uint8Array.of(5, 1, 2));
	assert.match(JSON.stringify(machine.push(Uint8Array.from(login))), /"password":"<secret>"/);
});

for (const [what, octets, code, sent, options] of [
	["SOCKS4", [4, 1, 1, 0xbb, 1, 2, 3, 4, 0], "SOCKS_VERSION_REFUSED", [0, 0x5b, 0, 0, 0, 0, 0, 0]],
	["another version", [6, 1, 0], "SOCKS_REQUEST_MALFORMED", []],
	["no method at all", [5, 0], "SOCKS_REQUEST_MALFORMED", []],
	["methods that the listener does not know", [5, 2, 1, 2], "SOCKS_METHODS_DO_NOT_MATCH", [5, 0xff]],
	["no password where one must be", [5, 1, 0], "SOCKS_METHODS_DO_NOT_MATCH", [5, 0xff], withPassword],
	["credentials of another version", [5, 1, 2, 5, 1], "SOCKS_REQUEST_MALFORMED", [5, 2, 1, 1], withPassword],
	["BIND", [...greeting, 5, 2], "SOCKS_COMMAND_REFUSED", [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]],
	["UDP ASSOCIATE", [...greeting, 5, 3], "SOCKS_COMMAND_REFUSED", [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]],
	[
		"an address type of nobody",
		[...greeting, 5, 1, 0, 2],
		"SOCKS_ADDRESS_TYPE_REFUSED",
		[5, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0],
	],
	["a request of another version", [...greeting, 4], "SOCKS_REQUEST_MALFORMED", [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]],
	["a reserved octet", [...greeting, 5, 1, 1], "SOCKS_REQUEST_MALFORMED", [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]],
	["an empty name", [...greeting, ...nameRequest("")], "SOCKS_REQUEST_MALFORMED", [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]],
	[
		"a name with NUL",
		[...greeting, ...nameRequest("a\0b.test")],
		"SOCKS_REQUEST_MALFORMED",
		[5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
	],
	[
		"port 0",
		[...greeting, ...nameRequest("a.test", 0)],
		"SOCKS_REQUEST_MALFORMED",
		[5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
	],
] as const) {
	test(`${what} is refused with ${code}`, () => {
		const answer = feed(octets, options);
		assert.equal(answer.last.kind === "refuse" && answer.last.fault.code, code);
		assert.deepEqual(answer.sent, sent);
	});
}

test("a wrong octet is refused as soon as it is there", () => {
	const machine = new Socks5Machine();
	assert.equal(machine.push(Uint8Array.from(greeting)).kind, "need-more");
	assert.equal(machine.push(Uint8Array.of(5)).kind, "need-more");
	assert.equal(machine.push(Uint8Array.of(2)).kind, "refuse");
});

test("an answer is final, and nothing is sent twice", () => {
	const machine = new Socks5Machine();
	const answer = machine.push(Uint8Array.from([...greeting, ...nameRequest("a.test")]));
	const again = machine.push(Uint8Array.of(1, 2, 3));
	assert.deepEqual(again, { ...answer, send: new Uint8Array(0) });
	assert.throws(() => new Socks5Machine().authenticated(true), /expected await-verdict/);
});

test("a client that floods while its password is looked up is refused", () => {
	const machine = new Socks5Machine(withPassword);
	assert.equal(machine.push(Uint8Array.from([5, 1, 2, 1, 1, 65, 1, 66])).kind, "authenticate");
	assert.equal(machine.push(new Uint8Array(16_384)).kind, "need-more");
	assert.equal(machine.push(new Uint8Array(1)).kind, "refuse");
	assert.equal(machine.authenticated(true).kind, "refuse");
});

test("the time-out tells what was waited for", () => {
	const machine = new Socks5Machine();
	machine.push(Uint8Array.from(greeting));
	assert.match(machine.timedOut().message, /in state expect-request with 0 octets/);
});

test("replies carry the code and the bound address, or zeros", () => {
	assert.deepEqual([...encodeSocks5Reply(socks5Reply.succeeded)], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
	const bound = { address: parseAddress("192.0.2.9") ?? assert.fail(), port: 258 };
	assert.deepEqual([...encodeSocks5Reply(0, bound)], [5, 0, 0, 1, 192, 0, 2, 9, 1, 2]);
	const six = { address: addressOf(new Uint8Array(16).fill(9)), port: 1 };
	assert.deepEqual([...encodeSocks5Reply(0, six)], [5, 0, 0, 4, ...new Array(16).fill(9), 0, 1]);
});

test("faults of the way to the server have their reply code", () => {
	const failed = (code: "SERVER_UNREACHABLE" | "PROXY_TARGET_REFUSED" | "SERVER_NAME_UNRESOLVED" | "CONFIG_INVALID") =>
		fault(code, "x");
	assert.equal(socks5ReplyOf(failed("SERVER_UNREACHABLE")), 4);
	assert.equal(socks5ReplyOf(failed("SERVER_UNREACHABLE"), "ECONNREFUSED"), 5);
	assert.equal(socks5ReplyOf(failed("SERVER_UNREACHABLE"), "ENETUNREACH"), 3);
	assert.equal(socks5ReplyOf(failed("SERVER_NAME_UNRESOLVED")), 4);
	assert.equal(socks5ReplyOf(failed("PROXY_TARGET_REFUSED")), socks5Reply.notAllowed);
	assert.equal(socks5ReplyOf(failed("CONFIG_INVALID")), 1);
});

test("any split of the octets gives the same answer and the same octets sent", () => {
	const conversation = fc.constantFrom(
		{ octets: [...greeting, ...nameRequest("a.test"), 1, 2, 3], options: { mustAuthenticate: false } },
		{ octets: [5, 2, 0, 2, 1, 1, 65, 6, ...text("secret"), ...nameRequest("a.test"), 9], options: withPassword },
		{ octets: [...greeting, 5, 1, 0, 1, 192, 0, 2, 7, 0, 80], options: { mustAuthenticate: false } },
		{ octets: [5, 1, 2, 1, 1, 65, 1, 66, 7], options: withPassword },
		{ octets: [...greeting, 5, 3, 0, 1], options: { mustAuthenticate: false } },
	);
	fc.assert(
		fc.property(conversation, fc.array(fc.nat(9), { maxLength: 40 }), ({ octets, options }, sizes) => {
			const whole = feed(octets, options);
			const split = feed(octets, options, sizes);
			assert.deepEqual(split.sent, whole.sent);
			assert.equal(split.last.kind, whole.last.kind);
			if (split.last.kind !== "request" || whole.last.kind !== "request") return;
			assert.equal(split.last.request.host, whole.last.request.host);
			assert.deepEqual([...split.last.request.rest, ...split.rest], [...whole.last.request.rest]);
		}),
	);
});

test("no octets make it throw", () => {
	const octets = fc.oneof(
		fc.uint8Array({ maxLength: 600 }),
		fc.uint8Array({ maxLength: 600 }).map((tail) => Uint8Array.from([...greeting, 5, 1, 0, ...tail])),
		fc.uint8Array({ maxLength: 600 }).map((tail) => Uint8Array.from([5, 2, 0, 2, 1, ...tail])),
	);
	fc.assert(
		fc.property(octets, fc.integer({ min: 1, max: 600 }), fc.boolean(), (all, size, mustAuthenticate) => {
			const machine = new Socks5Machine({ mustAuthenticate });
			for (let at = 0; at < all.length; at += size) {
				if (machine.push(all.subarray(at, at + size)).kind === "authenticate") machine.authenticated(true);
			}
		}),
		{ numRuns: 1000 },
	);
});
