import assert from "node:assert/strict";
import { test } from "node:test";
import { isGrease, isGreaseProtocol } from "#tls/grease.ts";

test("of all 16-bit values exactly the sixteen of RFC 8701 are GREASE", () => {
	const found: number[] = [];
	for (let value = 0; value < 0x1_0000; value++) if (isGrease(value)) found.push(value);
	assert.deepEqual(
		found,
		Array.from({ length: 16 }, (_, index) => index * 0x1010 + 0x0a0a),
	);
});

test("a protocol name is GREASE when its two octets are", () => {
	assert.equal(isGreaseProtocol("\x0a\x0a"), true);
	assert.equal(isGreaseProtocol("\xfa\xfa"), true);
	for (const name of ["h2", "\x0a", "\x0a\x1a", "\x0a\x0a\x0a", ""]) assert.equal(isGreaseProtocol(name), false);
});
