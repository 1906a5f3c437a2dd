import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedTallies } from "#daemon/feed-tallies.ts";

test("matches are counted by feed and by what became of them, and taken once", () => {
	const tallies = new FeedTallies();
	tallies.matched("a", true);
	tallies.matched("a", false);
	tallies.add([{ feed: "b", blocked: 2, passed: 3 }]);
	assert.deepEqual(tallies.of("c"), { feed: "c", blocked: 0, passed: 0 });
	assert.deepEqual(tallies.take(), [
		{ feed: "a", blocked: 1, passed: 1 },
		{ feed: "b", blocked: 2, passed: 3 },
	]);
	assert.deepEqual(tallies.take(), []);
});

test("nonsense is not counted, and feeds beyond the bound are not either", () => {
	const tallies = new FeedTallies();
	for (const wrong of [-1, 0.5, Number.NaN, "7"]) tallies.add([{ feed: "a", blocked: wrong as number, passed: 0 }]);
	assert.deepEqual(tallies.take(), []);
	for (let at = 0; at < 2_000; at++) tallies.matched(`f${at}`, true);
	tallies.matched("f0", true);
	assert.deepEqual([tallies.of("f0").blocked, tallies.take().length], [2, 1_024]);
});
