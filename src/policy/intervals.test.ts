import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { differenceOf, holds, type Intervals, intersectionOf, unionOf } from "#policy/intervals.ts";

const ranges = fc
	.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 6 })), { maxLength: 6 })
	.map((pairs) => unionOf(pairs.map(([from, more]) => ({ from: BigInt(from), to: BigInt(from + more) }))));
const has = (set: Intervals, number: bigint) => set.some(({ from, to }) => from <= number && number <= to);

test("union, intersection and difference hold what sets of numbers would hold, in order and apart", () => {
	fc.assert(
		fc.property(ranges, ranges, (some, others) => {
			for (let number = 0n; number < 40n; number++) {
				const a = has(some, number);
				const b = has(others, number);
				assert.equal(has(unionOf([...some, ...others]), number), a || b);
				assert.equal(holds(some, number), a);
				assert.equal(has(intersectionOf(some, others), number), a && b);
				assert.equal(has(differenceOf(some, others), number), a && !b);
			}
			for (const set of [unionOf([...some, ...others]), intersectionOf(some, others), differenceOf(some, others)]) {
				for (const [index, { from, to }] of set.entries()) {
					assert.ok(from <= to);
					assert.ok(index === 0 || (set[index - 1]?.to ?? from) < from);
				}
			}
		}),
	);
});

test("ranges that meet become one", () => {
	assert.deepEqual(
		unionOf([
			{ from: 3n, to: 4n },
			{ from: 1n, to: 2n },
		]),
		[{ from: 1n, to: 4n }],
	);
});
