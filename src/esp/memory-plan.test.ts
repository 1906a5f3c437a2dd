import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryPlan } from "#esp/memory-plan.ts";

test("places begin at multiples of 64 and do not overlap", () => {
	const plan = new MemoryPlan(10);
	assert.deepEqual([plan.take(1), plan.take(64), plan.take(100), plan.take(8)], [64, 128, 192, 320]);
	assert.equal(plan.octets, 328);
});
