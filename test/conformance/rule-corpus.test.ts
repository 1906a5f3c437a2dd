/** A real rule set loads, and what does not is told by keyword. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RE2JS } from "re2js";
import { countProblems, loadRules, type RuleSet } from "#signature/rule-set.ts";
import { ruleCorpus } from "../support/rule-corpus.ts";

let loaded: RuleSet | undefined;
function corpus(): RuleSet {
	loaded ??= loadRules([{ name: "emerging-threats", text: ruleCorpus() }]);
	return loaded;
}

test("at least 97 % of the http, tls and smtp rules of a real rule set load", () => {
	let rules = 0;
	let taken = 0;
	for (const protocol of ["http", "tls", "smtp"]) {
		const count = corpus().protocols.get(protocol) ?? assert.fail(protocol);
		rules += count.rules;
		taken += count.loaded;
	}
	assert.ok(rules > 8_600, String(rules));
	assert.ok(taken / rules >= 0.97, `${taken} of ${rules}`);
});

test("every rule that does not load says which keyword stands in the way", () => {
	const { disabled, protocols } = corpus();
	const counts = [...protocols.values()];
	const missing = counts.reduce((sum, { rules, loaded }) => sum + rules - loaded, 0);
	assert.equal(disabled.length, missing);
	for (const { where, reason, rules } of countProblems(disabled)) assert.ok(where !== "" && reason !== "" && rules > 0);
});

test("every expression that was accepted can be compiled by the linear-time engine", () => {
	let count = 0;
	for (const { inspections } of corpus().signatures) {
		for (const { steps } of inspections) {
			for (const step of steps) {
				if (step.type !== "pcre") continue;
				RE2JS.compile(step.source);
				count++;
			}
		}
	}
	assert.ok(count > 2_000, String(count));
});
