import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAuthority, parseAuthority } from "#base/authority.ts";

test("names and addresses are read in normal form, with a port or the default", () => {
	for (const [text, host, port] of [
		["Shop.Example.:8080", "shop.example", 8080],
		["shop.example", "shop.example", 80],
		["shop.example:", "shop.example", 80],
		["192.0.2.1:1", "192.0.2.1", 1],
		["[2001:DB8::1]:65535", "2001:db8::1", 65_535],
		["[::ffff:127.0.0.1]", "127.0.0.1", 80],
	] as const) {
		assert.deepEqual(parseAuthority(text, 80), { host, port }, text);
	}
});

test("a port that is missing, zero or too large, a user, and what is no host are none", () => {
	for (const text of [
		"a.test",
		"a.test:",
		"a.test:0",
		"a.test:65536",
		"u@a.test:1",
		":1",
		"[a.test]:1",
		"::1:1",
		"a b:1",
		"a/b:1",
	]) {
		assert.equal(parseAuthority(text), undefined, text);
	}
});

test("what is written reads back", () => {
	assert.equal(formatAuthority({ host: "::1", port: 80 }, 80), "[::1]");
	assert.equal(formatAuthority({ host: "::1", port: 81 }, 80), "[::1]:81");
	assert.equal(formatAuthority({ host: "a.test", port: 80 }), "a.test:80");
	const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
	fc.assert(
		fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
			const read = parseAuthority(name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`);
			if (read !== undefined) assert.deepEqual(parseAuthority(formatAuthority(read)), read);
		}),
	);
});

test("no text makes it throw", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."ab:.[]@/0 19\0") }), (text) => void parseAuthority(text, 80)),
	);
});
