import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dtlsGroups, ephemeralKey } from "#dtls/key-agreement.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

for (const group of dtlsGroups) {
	test(`both ends of group 0x${group.toString(16)} have one secret, made of the random octets alone`, () => {
		const [one, two] = [ephemeralKey(group, seededRandom("a")), ephemeralKey(group, seededRandom("b"))];
		assert.deepEqual(one.agree(two.publicKey), two.agree(one.publicKey));
		assert.deepEqual(ephemeralKey(group, seededRandom("a")).publicKey, one.publicKey);
	});

	test(`no octets of a peer make an exception in group 0x${group.toString(16)}; no point off the curve makes a secret`, () => {
		const own = ephemeralKey(group, seededRandom("a"));
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(200), (octets, at) => {
				own.agree(octets);
				const changed = Uint8Array.from(own.publicKey);
				changed.set(octets.subarray(0, changed.length - (at % changed.length)), at % changed.length);
				own.agree(changed);
			}),
			{ numRuns: 200 },
		);
		assert.equal(own.agree(new Uint8Array(own.publicKey.length)), undefined);
		assert.equal(own.agree(own.publicKey.subarray(1)), undefined);
	});
}

test("a draw that is no scalar of the curve is drawn again", () => {
	let draws = 0;
	const key = ephemeralKey(0x0017, (octets) => new Uint8Array(octets).fill(draws++ === 0 ? 255 : 1));
	assert.deepEqual([draws, key.publicKey.length], [2, 65]);
	assert.throws(() => ephemeralKey(0x0019, seededRandom("a")), /no group 25/);
});
