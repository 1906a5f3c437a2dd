import assert from "node:assert/strict";
import { test } from "node:test";
import { type Http2Run, http2Figures, http2Report, missedBars } from "./http2-figures.ts";
import { describeMachine } from "./machine.ts";

const sample = (value: number) => ({ download: value, "requests-many": value, "requests-single": value });
const run = (inspected: readonly number[], opaque: number): Http2Run => ({
	date: "2026-11-30 00:00",
	machine: describeMachine(),
	versions: { sallyport: "1" },
	samples: { sallyport: inspected.map(sample), "sallyport-opaque": [sample(opaque)] },
});

test("a bar is missed by the ratio of the medians", () => {
	assert.deepEqual(missedBars(run([1, 1.3, 9], 1)), []);
	assert.deepEqual(missedBars(run([1.5], 1)), ["download"]);
	assert.deepEqual(missedBars(run([2.1], 1)), ["download", "requests-many", "requests-single"]);
});

test("the report tells every figure with its ratio and verdict", () => {
	const report = http2Report(run([1.5], 1));
	for (const { title } of http2Figures) assert.ok(report.includes(`| ${title} |`), title);
	assert.match(report, /1\.50 \| <= 1\.4 \| \*\*missed\*\*/);
	assert.match(report, /1\.50 \| <= 2 \| met/);
});
