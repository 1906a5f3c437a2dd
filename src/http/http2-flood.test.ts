import assert from "node:assert/strict";
import { test } from "node:test";
import { FloodBudget } from "#http/http2-flood.ts";

test("a budget is spent, earned by work and given back with time, never beyond its burst", () => {
	const budget = new FloodBudget({ burst: 3, perSecond: 2 });
	assert.deepEqual([budget.take(), budget.take(), budget.take(), budget.take()], [true, true, true, false]);
	budget.secondPassed();
	assert.deepEqual([budget.take(), budget.take()], [true, false]);
	budget.earn(100);
	assert.deepEqual([budget.take(), budget.take(), budget.take(), budget.take()], [true, true, true, false]);
});
