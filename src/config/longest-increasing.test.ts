import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { longestIncreasing } from "#config/longest-increasing.ts";

test("the part that kept its order goes up and none is longer", () => {
	assert.deepEqual([...longestIncreasing([3, 0, 1, 2])].sort(), [1, 2, 3]);
	assert.equal(longestIncreasing([]).size, 0);
	fc.assert(
		fc.property(fc.uniqueArray(fc.nat(20), { maxLength: 9 }), (numbers) => {
			const found = [...longestIncreasing(numbers)].sort((a, b) => a - b);
			const values = found.map((index) => numbers[index] as number);
			for (const [index, value] of values.entries()) assert.ok(index === 0 || value > (values[index - 1] as number));
			let longest = 0;
			for (let mask = 0; mask < 2 ** numbers.length; mask++) {
				const chosen = numbers.filter((_, index) => (mask >> index) & 1);
				if (chosen.every((value, index) => index === 0 || value > (chosen[index - 1] as number)))
					longest = Math.max(longest, chosen.length);
			}
			assert.equal(found.length, longest);
		}),
		{ numRuns: 200 },
	);
});
