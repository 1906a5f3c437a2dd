import assert from "node:assert/strict";
import { test } from "node:test";
import { type PkiRun, pkiJson, pkiMarkdown, verdictOf } from "./report.ts";

const machine = {
	cpu: "Test CPU",
	cores: 2,
	memoryGibibytes: 4,
	kernel: "Linux 6",
	distribution: "Debian",
	node: "v26",
	nodeOpenssl: "3.5",
	openssl: "OpenSSL 3",
	loadAverage: 0.1,
};
const run: PkiRun = {
	date: "2026-11-21 10:00",
	machine,
	rounds: 3,
	figures: [
		{ title: "fast", unit: "leaves/s", values: [4_000, 6_000, 5_000], bar: { atLeast: 5_000 } },
		{ title: "slow", unit: "ms", values: [0.2, 0.4, 0.31], bar: { atMost: 0.3 } },
		{ title: "told", unit: "leaves/s", values: [1, 2, 3] },
	],
};

test("a bar is judged by the median, in its own direction", () => {
	assert.deepEqual(run.figures.map(verdictOf), ["met", "missed", undefined]);
});

test("the table shows median, spread, bar and verdict, and the machine", () => {
	const text = pkiMarkdown(run);
	assert.match(text, /Machine: Test CPU, 2 cores/);
	assert.match(text, /^\| fast \| leaves\/s \| 5,000 \(4,000\.\.6,000\) \| >= 5,000 \| met \|$/m);
	assert.match(text, /^\| slow \| ms \| 0\.310 \(0\.200\.\.0\.400\) \| <= 0\.300 \| \*\*missed\*\* \|$/m);
	assert.match(text, /^\| told \| leaves\/s \| 2\.0 \(1\.0\.\.3\.0\) \| {2}\| {2}\|$/m);
});

test("the JSON holds every value with its verdict", () => {
	const { figures } = JSON.parse(pkiJson(run));
	assert.deepEqual([figures[1].median, figures[1].verdict, figures[1].values.length], [0.31, "missed", 3]);
});
