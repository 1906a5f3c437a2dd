import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { WeightedMap } from "#base/weighted-map.ts";

describe("a weighted map", () => {
	test("forgets what was used longest ago when the entries are too many", () => {
		const map = new WeightedMap<string, number>(2, 100);
		map.set("a", 1, 1);
		map.set("b", 2, 1);
		assert.equal(map.get("a"), 1);
		map.set("c", 3, 1);
		assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [1, undefined, 3]);
	});

	test("forgets as many as it takes for a heavy entry, and keeps none that is too heavy alone", () => {
		const map = new WeightedMap<string, number>(10, 10);
		for (const key of ["a", "b", "c"]) map.set(key, 0, 3);
		map.set("d", 0, 7);
		assert.deepEqual(
			[...map.entries()].map(([key]) => key),
			["c", "d"],
		);
		map.set("e", 0, 11);
		assert.equal(map.get("e"), undefined);
		assert.equal(map.weight, 10);
	});

	test("an entry that is set again has its new weight", () => {
		const map = new WeightedMap<string, number>(10, 10);
		map.set("a", 1, 9);
		map.set("a", 2, 1);
		assert.deepEqual([map.get("a"), map.weight, map.size], [2, 1, 1]);
		map.clear();
		assert.deepEqual([map.weight, map.size], [0, 0]);
	});

	test("is never fuller or heavier than it may be, and its weight is the sum of its entries", () => {
		const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 12 })));
		fc.assert(
			fc.property(steps, (list) => {
				const map = new WeightedMap<number, number>(4, 20);
				for (const [key, weight] of list) map.set(key, weight, weight);
				const sum = [...map.entries()].reduce((total, [, weight]) => total + weight, 0);
				assert.equal(map.weight, sum);
				assert.ok(map.size <= 4 && map.weight <= 20);
			}),
		);
	});
});
