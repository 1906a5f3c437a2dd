import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigRun, type ConfigSample, configFigures, configReport, missedBars } from "./config-figures.ts";
import { largeConfiguration } from "./config-text.ts";
import { describeMachine } from "./machine.ts";

const sample = (value: number): ConfigSample =>
	Object.fromEntries(configFigures.map(({ key }) => [key, value])) as unknown as ConfigSample;
const run = (...values: readonly number[]): ConfigRun => ({
	date: "2026-11-30 00:00",
	machine: describeMachine(),
	policies: 10,
	addresses: 20,
	octets: 1_000,
	samples: values.map(sample),
});

test("a bar is missed by the median, not by one round", () => {
	assert.deepEqual(missedBars(run(10, 10, 5_000)), []);
	assert.deepEqual(missedBars(run(10, 50, 50)), ["completion"]);
	assert.deepEqual(missedBars(run(4_000)), ["load", "commit", "completion"]);
});

test("the report tells every figure with its bar and verdict", () => {
	const report = configReport(run(10, 50, 60));
	for (const { title } of configFigures) assert.ok(report.includes(`| ${title} |`), title);
	assert.match(report, /50\.0 \(10\.0\.\.60\.0\) ms \| <= 20 ms \| \*\*missed\*\*/);
	assert.match(report, /<= 3000 ms \| met/);
});

test("the text has as many policies and addresses as asked for, and the factory's own policy last", () => {
	const text = largeConfiguration({ policies: 12, addresses: 30 }, 8_080);
	assert.equal(text.match(/^policy policy-/gm)?.length, 12);
	assert.equal(text.match(/^address host-/gm)?.length, 30);
	assert.ok(text.indexOf("policy inspect-all") > text.lastIndexOf("policy policy-"));
});
