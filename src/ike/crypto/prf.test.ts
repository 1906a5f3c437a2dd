import assert from "node:assert/strict";
import { test } from "node:test";
import { prf, prfPlus } from "#ike/crypto/prf.ts";
import { prfNamed } from "#ike/crypto/transform-table.ts";

const sha256 = prfNamed("hmac-sha256");

test("prf is HMAC over all parts (RFC 4231 case 2)", () => {
	const value = prf(sha256, Buffer.from("Jefe"), Buffer.from("what do ya want "), Buffer.from("for nothing?"));
	assert.equal(Buffer.from(value).toString("hex"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
});

test("prf+ feeds each block the one before, the seed and its number", () => {
	const key = Uint8Array.of(1);
	const seed = Uint8Array.of(2);
	const first = prf(sha256, key, seed, Uint8Array.of(1));
	const second = prf(sha256, key, first, seed, Uint8Array.of(2));
	assert.deepEqual(prfPlus(sha256, key, seed, 40), Uint8Array.from([...first, ...second.subarray(0, 8)]));
});

test("prf+ ends after 255 blocks", () => {
	assert.equal(prfPlus(sha256, Uint8Array.of(1), Uint8Array.of(2), 255 * 32).length, 8_160);
	assert.throws(() => prfPlus(sha256, Uint8Array.of(1), Uint8Array.of(2), 255 * 32 + 1), RangeError);
});
