import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile, spread } from "./statistics.ts";

test("a percentile is the value at its nearest rank, whatever the order", () => {
	const values = [5, 1, 4, 2, 3];
	assert.equal(percentile(values, 0), 1);
	assert.equal(percentile(values, 0.5), 3);
	assert.equal(percentile(values, 0.99), 5);
	assert.equal(percentile([7], 0.5), 7);
	assert.deepEqual(values, [5, 1, 4, 2, 3]);
});

test("a spread has the median, the least and the most", () => {
	assert.deepEqual(spread([3, 1, 2]), { median: 2, least: 1, most: 3 });
	assert.deepEqual(spread([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4 });
	assert.deepEqual(spread([6]), { median: 6, least: 6, most: 6 });
});

test("nothing has no percentile and no spread", () => {
	assert.throws(() => percentile([], 0.5), RangeError);
	assert.throws(() => spread([]), RangeError);
});
