import assert from "node:assert/strict";
import { getDiffieHellman } from "node:crypto";
import { test } from "node:test";
import { modpHalf } from "#ike/crypto/modp-exchange.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

test("the secret is the one that OpenSSL's own exchange finds", () => {
	for (const engine of ["modp1", "modp2", "modp5", "modp14"]) {
		const other = getDiffieHellman(engine);
		const theirs = other.generateKeys();
		const prime = other.getPrime();
		const half = modpHalf(engine, seededRandom(engine)(48));
		const padded = Buffer.concat([Buffer.alloc(prime.length - theirs.length), theirs]);
		assert.deepEqual(Buffer.from(half.secretWith(padded) ?? []), other.computeSecret(half.publicValue));
		assert.equal(half.publicValue.length, prime.length);
	}
});

test("g to the power of two is four, with zeros in front", () => {
	const value = modpHalf("modp2", Uint8Array.of(2)).publicValue;
	assert.deepEqual([...value.subarray(-2)], [0, 4]);
	assert.equal(value.length, 128);
});
