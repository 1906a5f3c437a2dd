import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../machine.ts";
import type { Outcome } from "./probe.ts";
import { type CaseResult, type LimboRun, limboJson, limboMarkdown, scoreOf } from "./report.ts";

const reached: Outcome = { kind: "reached" };
const refused: Outcome = { kind: "refused", how: "alert" };
const result = (id: string, mustBeTrusted: boolean, isCore: boolean, outcome: Outcome | undefined): CaseResult => ({
	id,
	host: "a.test",
	mustBeTrusted,
	isCore,
	time: undefined,
	outcomes: outcome === undefined ? {} : { p: outcome },
});
const run: LimboRun = {
	date: "2026-11-30 01:00",
	machine: { cpu: "cpu", cores: 2, kernel: "k", distribution: "d", node: "v26", nodeOpenssl: "3.5" } as Machine,
	seconds: 9,
	versions: { p: "p 1" },
	missing: { q: "q is absent" },
	leftOut: { "about x": 3 },
	cases: [
		result("bad::accepted", false, true, reached),
		result("bad::refused", false, true, refused),
		result("pedantic::accepted", false, false, reached),
		result("good::refused", true, true, refused),
		result("good::accepted", true, true, reached),
		result("good::silent", true, true, { kind: "silent" }),
		result("bad::not-asked", false, true, undefined),
	],
};

test("what must be refused and was reached, what must be trusted and was refused, and what gave no answer are told apart", () => {
	assert.deepEqual(scoreOf(run, "p"), {
		wrongAccepts: ["bad::accepted"],
		pedanticAccepts: ["pedantic::accepted"],
		wrongRefusals: ["good::refused"],
		silent: ["good::silent", "bad::not-asked"],
	});
});

test("the table counts out of how many, names the cases and says what was left out", () => {
	const text = limboMarkdown(run, "../limbo.json");
	assert.match(text, /\| p \| 1 of 3 \| 1 of 1 \| 1 of 3 \| 2 \| p 1 \|/);
	assert.match(text, /\*\*p\*\*, bad core chains accepted: `bad::accepted`\./);
	assert.match(text, /Left out: q: q is absent\./);
	assert.match(text, /- 3 about x/);
	assert.match(text, /\(\.\.\/limbo\.json\)/);
	assert.equal(JSON.parse(limboJson(run)).scores.p.wrongAccepts[0], "bad::accepted");
});
