import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pairPlace, statementPlace } from "#cli/configuration-completion.ts";
import { topLevel } from "#config/level.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const tree = treeOf("system { host-name gw; } security { ike { policy p1 { mode main; } policy p2; } }");
const level = topLevel(sampleRoot);

function pair(text: string, verb: "annotate" | "copy" | "insert" | "rename" = "rename"): string[] {
	return pairPlace(tree, level, text, verb).candidates.map((one) => one.text);
}

test("statements are candidates with marks, placeholders are values, names are objects", () => {
	const place = statementPlace(tree, level, "security ike policy ", "set");
	assert.deepEqual(
		place.candidates.map(({ text, kind }) => `${kind} ${text}`),
		["value <name>", "object p1", "object p2"],
	);
	assert.deepEqual(statementPlace(tree, level, "sec", "set").candidates[0]?.mark, ">");
});

test("what means nothing is told with its place in the text", () => {
	const { problem } = statementPlace(tree, level, "security bogus ", "set");
	assert.deepEqual(problem, { at: 9, message: "syntax error.", candidates: [] });
	const ambiguous = statementPlace(tree, level, "s host-name ", "set").problem;
	assert.equal(ambiguous?.message, "'s' is ambiguous.");
	assert.deepEqual(
		ambiguous?.candidates.map(({ text }) => text),
		["security", "system"],
	);
});

test("the second statement stands in the list of the first", () => {
	assert.deepEqual(pair("security ike policy "), ["p1", "p2"]);
	assert.deepEqual(pair("security ike policy p1 "), ["to", "mode"]);
	assert.deepEqual(pair("security ike policy p1 t"), ["to"]);
	assert.deepEqual(pair("security ike policy p1 to "), ["gateway", "policy", "respond-bad-spi", "traceoptions"]);
	assert.deepEqual(pair("security ike policy p1 to policy "), ["<name>", "p1", "p2"]);
	assert.deepEqual(pair("security ike policy p1 before policy ", "insert"), ["p1", "p2"]);
	assert.deepEqual(pair("security ike policy p1 ", "insert"), ["after", "before", "mode"]);
	assert.deepEqual(pair("system host-name ", "annotate")[0], "<comment>");
	assert.equal(pairPlace(tree, level, "security ike policy p1 to bogus x", "rename").problem?.at, 26);
});

test("any text is answered", () => {
	const word = fc.constantFrom("security", "ike", "policy", "p1", "to", "before", "[", "]", '"', "#", " ", "{");
	fc.assert(
		fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 5 })), { maxLength: 8 }), (parts) => {
			const text = parts.join(" ");
			statementPlace(tree, level, text, "set");
			for (const verb of ["annotate", "copy", "insert", "rename"] as const) pairPlace(tree, level, text, verb);
		}),
	);
});
