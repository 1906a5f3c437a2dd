import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IntervalIndex } from "#policy/interval-index.ts";
import { holds, unionOf } from "#policy/intervals.ts";

const origin = 1n << 128n;
const number = fc.oneof(
	fc.bigInt({ min: origin, max: origin + 20n }),
	fc.bigInt({ min: 0n, max: origin << 128n }),
	fc.bigInt({ min: origin << 100n, max: (origin << 100n) + 5n }),
);
const set = fc
	.array(fc.tuple(number, fc.bigInt({ min: 0n, max: 3n })), { maxLength: 4 })
	.map((ranges) => unionOf(ranges.map(([from, more]) => ({ from, to: from + more }))));

test("every set that holds a number is among those that may hold it, in ascending order in each list", () => {
	fc.assert(
		fc.property(fc.array(set, { maxLength: 8 }), fc.array(number, { maxLength: 8 }), (sets, numbers) => {
			const index = new IntervalIndex(new Set(sets), origin);
			for (const [id, one] of sets.entries()) index.add(one, id);
			for (const asked of [...numbers, ...sets.flatMap((one) => one.flatMap(({ from, to }) => [from, to]))]) {
				const lists = index.holding(asked);
				const named = new Set(lists.flat());
				for (const [id, one] of sets.entries()) if (holds(one, asked)) assert.ok(named.has(id));
				for (const list of lists)
					assert.deepEqual(
						list,
						[...new Set(list)].sort((a, b) => a - b),
					);
			}
		}),
	);
});

test("a set is named only for numbers not below it, and only when it was added", () => {
	const sets = [0n, 2n, 4n].map((first) => [{ from: origin + first, to: origin + first + 2n }]);
	const index = new IntervalIndex(new Set(sets), origin);
	for (const id of [0, 2]) index.add(sets[id] ?? [], id);
	const named = (asked: bigint) => index.holding(origin + asked).flat();
	assert.deepEqual([named(-1n), named(0n), named(2n), named(4n), named(6n)], [[], [0], [0], [2], [2]]);
});
