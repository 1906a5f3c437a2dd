import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { topLevel } from "#config/level.ts";
import { readRangeLine } from "#config/line.ts";
import { printText } from "#config/print-text.ts";
import { itemOf } from "#config/resolve.ts";
import { deleteMatches, expandRanges, findWildcard } from "#config/wildcard.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const options = { salt: (count: number) => new Uint8Array(count) };
const tree = treeOf(
	"interfaces { ge-0/0/0; ge-0/0/1; xe-0/0/0; } security { ike { policy a1; policy a2; policy b; } } system { host-name x; location y; }",
);

function matched(words: string): string[] {
	const found = findWildcard(tree, topLevel(sampleRoot), words.split(" ").map(itemOf), options);
	return found.ok ? found.matches.map((match) => match.words) : [`! ${found.message}`];
}

test("a regular expression fits the names at a level, or the keys of a list", () => {
	assert.deepEqual(matched("interfaces ge-.*"), ["ge-0/0/0", "ge-0/0/1"]);
	assert.deepEqual(matched("security ike policy a[0-9]"), ["policy a1", "policy a2"]);
	assert.deepEqual(matched("system .*"), ["host-name", "location"]);
	assert.deepEqual(matched("security ike nothing"), []);
	assert.deepEqual(matched("security ike policy ("), ["! invalid regular expression: missing )"]);
	assert.deepEqual(matched("nowhere x"), ["! syntax error: nowhere"]);
});

test("what fits is deleted, and emptied containers with it", () => {
	const found = findWildcard(tree, topLevel(sampleRoot), "system .*".split(" ").map(itemOf), options);
	assert.ok(found.ok);
	assert.ok(!printText(sampleRoot, deleteMatches(tree, found.matches)).includes("system"));
	const policies = findWildcard(tree, topLevel(sampleRoot), "security ike policy a.*".split(" ").map(itemOf), options);
	assert.ok(policies.ok);
	assert.deepEqual(
		[...printText(sampleRoot, deleteMatches(tree, policies.matches)).matchAll(/policy (\w+)/g)].map(
			(match) => match[1],
		),
		["b"],
	);
});

test("ranges give one line for every number", () => {
	const expand = (line: string): string[] => {
		const expanded = expandRanges(readRangeLine(line));
		return expanded.ok
			? expanded.lines.map((words) => words.map((word) => word.text).join(" "))
			: [`! ${expanded.message}`];
	};
	assert.deepEqual(expand("set interfaces ge-0/0/[0-2,!1,7] disable"), [
		"set interfaces ge-0/0/0 disable",
		"set interfaces ge-0/0/2 disable",
		"set interfaces ge-0/0/7 disable",
	]);
	assert.equal(expand("set x[1-3] y[1-3]").length, 9);
	assert.deepEqual(expand("set x[3-1]"), ["! invalid range in 'x[3-1]'"]);
	assert.deepEqual(expand("set x[1-9999] y[1-9999]"), ["! the ranges give more than 10000 statements"]);
	assert.deepEqual(expand('set "a [1-2]"'), ["set a [1-2]"]);
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom("[", "]", "-", ",", "!", "1", "9", "a", " ", '"') }), (line) => {
			assert.ok(expand(line).length <= 10_000);
		}),
		{ numRuns: 1_000 },
	);
});
