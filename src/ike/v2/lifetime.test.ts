import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lifetimeFrom } from "#ike/v2/lifetime.ts";

test("B7: soft comes 600 s before hard, 30 s more or less; of short lifetimes a fifth before", () => {
	const softOf = (lifetime: number, octet: number) => {
		const { softAt, hardAt } = lifetimeFrom(1_000, lifetime, (octets) => new Uint8Array(octets).fill(octet));
		assert.equal(hardAt, 1_000 + lifetime);
		return hardAt - softAt;
	};
	assert.deepEqual([softOf(3_600_000, 0), softOf(3_600_000, 255)], [630_000, 570_000]);
	assert.deepEqual([softOf(180_000, 0), softOf(180_000, 255)], [37_800, 34_200]);
});

test("soft is always before hard and after now", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 180_000, max: 86_400_000 }),
			fc.uint8Array({ minLength: 2, maxLength: 2 }),
			(life, octets) => {
				const { softAt, hardAt } = lifetimeFrom(0, life, () => octets);
				assert.ok(softAt > 0 && softAt < hardAt);
			},
		),
	);
});
