import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { internetChecksum, rewriteWord, u16, writeU16 } from "#esp/header-words.ts";

test("the checksum is that of the example in RFC 1071, and octets with their own checksum give 0", () => {
	const octets = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
	assert.equal(internetChecksum(octets), ~0xddf2 & 0xffff);
	assert.equal(internetChecksum(Uint8Array.of(...octets, 0x22, 0x0d)), 0);
	assert.equal(internetChecksum(Uint8Array.of(1, 2, 3), 0x10), ~(0x0102 + 0x0300 + 0x10) & 0xffff);
});

test("a word that is rewritten keeps the checksum right", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(0xffff), (octets, value) => {
			octets[0] = 0x45;
			writeU16(octets, 10, 0);
			writeU16(octets, 10, internetChecksum(octets));
			rewriteWord(octets, 2, value, 10);
			assert.equal(u16(octets, 2), value);
			assert.equal(internetChecksum(octets), 0);
		}),
	);
});
