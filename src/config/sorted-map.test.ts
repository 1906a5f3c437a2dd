import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SortedMap } from "#config/sorted-map.ts";

const byNumber = (a: number, b: number): number => a - b;

test("behaves as a map that is kept sorted, and earlier versions stay as they were", () => {
	const step = fc.record({ key: fc.nat(40), isDelete: fc.boolean() });
	fc.assert(
		fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
			const model = new Map<number, number>();
			let map = new SortedMap<number, number>(byNumber);
			for (const [index, { key, isDelete }] of steps.entries()) {
				const before = map;
				const contents = [...before.keys()];
				if (isDelete) model.delete(key);
				else model.set(key, index);
				map = isDelete ? map.delete(key) : map.set(key, index);
				assert.deepEqual([...before.keys()], contents);
			}
			const sorted = [...model.keys()].sort(byNumber);
			assert.deepEqual([...map.keys()], sorted);
			assert.deepEqual(
				[...map.values()],
				sorted.map((key) => model.get(key)),
			);
			assert.equal(map.size, model.size);
			assert.equal(map.lastKey(), sorted.at(-1));
			for (let key = -1; key <= 41; key++) {
				assert.equal(map.get(key), model.get(key));
				assert.deepEqual(map.neighbours(key), {
					before: sorted.findLast((other) => other < key),
					after: sorted.find((other) => other > key),
				});
			}
		}),
	);
});

test("a hundred thousand entries in any order of arrival are found and listed", () => {
	for (const factor of [1, 7_919, -1]) {
		let map = new SortedMap<number, number>(byNumber);
		for (let index = 0; index < 100_000; index++) map = map.set((index * factor) % 100_003, index);
		assert.equal(map.size, 100_000);
		let last = Number.NEGATIVE_INFINITY;
		for (const key of map.keys()) {
			assert.ok(key > last);
			last = key;
		}
		assert.equal(map.get((500 * factor) % 100_003), 500);
		assert.deepEqual([...map.keysFrom(last)], [last]);
	}
});

test("setting the value that is there answers the same map", () => {
	const map = new SortedMap<number, string>(byNumber).set(1, "a");
	assert.equal(map.set(1, "a"), map);
	assert.equal(map.delete(2), map);
});

test("what two versions do not share is little after a small change", () => {
	let before = new SortedMap<number, number>(byNumber);
	for (let index = 0; index < 50_000; index++) before = before.set(index, index);
	const after = before.set(25_000, -1).delete(7);
	const keys = new Set([...after.keysNotShared(before), ...before.keysNotShared(after)]);
	assert.ok(keys.has(25_000) && keys.has(7));
	assert.ok(keys.size <= 1_024);
	assert.deepEqual([...after.keysNotShared(after)], []);
});
