import assert from "node:assert/strict";
import { test } from "node:test";
import type { Threshold } from "#signature/signature.ts";
import { ThresholdTable } from "#signature/threshold-table.ts";

function told(type: Threshold["type"], count: number, times: readonly number[]): string {
	const table = new ThresholdTable();
	const threshold: Threshold = { type, track: "by_src", count, seconds: 10 };
	return times
		.map((now) => {
			const { isTold, isActed } = table.count("1 a", threshold, now);
			return isTold ? "T" : isActed ? "a" : "-";
		})
		.join("");
}

test("limit tells the first ones of a time and acts on all", () => {
	assert.equal(told("limit", 2, [0, 1, 2, 9_999, 10_000, 10_001, 10_002]), "TTaaTTa");
});

test("threshold tells and acts on each n-th", () => {
	assert.equal(told("threshold", 3, [0, 1, 2, 3, 4, 5, 6]), "--T--T-");
	assert.equal(told("threshold", 3, [0, 1, 10_000, 10_001, 10_002]), "----T");
});

test("both tells the n-th once in a time", () => {
	assert.equal(told("both", 2, [0, 1, 2, 3, 10_000, 10_001]), "-Taa-T");
});

test("detection_filter tells every match beyond n", () => {
	assert.equal(told("detection_filter", 2, [0, 1, 2, 3, 10_000]), "--TT-");
});

test("hosts are counted apart, and the one seen longest ago is forgotten", () => {
	const table = new ThresholdTable(2);
	const threshold: Threshold = { type: "threshold", track: "by_src", count: 2, seconds: 10 };
	const count = (key: string) => table.count(key, threshold, 0).isTold;
	assert.deepEqual([count("a"), count("b"), count("a")], [false, false, true]);
	count("c");
	assert.equal(count("b"), false);
});
