import assert from "node:assert/strict";
import { test } from "node:test";
import { newCounters } from "#esp/data-plane.ts";

test("B73: counters begin at zero, each plane with its own", () => {
	const [one, other] = [newCounters(), newCounters()];
	one.replayed++;
	assert.ok(Object.values(other).every((count) => count === 0));
	assert.equal(one.replayed, 1);
});
