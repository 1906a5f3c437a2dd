import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedMap } from "#base/bounded.ts";

test("a full map forgets the entry used longest ago and says so", () => {
	const evicted: string[] = [];
	const map = new BoundedMap<string, number>(2, (key) => evicted.push(key));
	map.set("a", 1);
	map.set("b", 2);
	assert.equal(map.get("a"), 1);
	map.set("c", 3);
	assert.deepEqual(evicted, ["b"]);
	assert.equal(map.size, 2);
	assert.equal(map.has("a"), true);
});

test("setting a key again replaces its value without evicting", () => {
	const map = new BoundedMap<string, number>(1);
	map.set("a", 1);
	map.set("a", 2);
	assert.deepEqual([...map.values()], [2]);
	assert.equal(map.take("a"), 2);
	assert.equal(map.size, 0);
});
