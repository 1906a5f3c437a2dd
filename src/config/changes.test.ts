import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { changesBetween } from "#config/changes.ts";
import { equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function changes(before: string, after: string): string[] {
	return [...changesBetween(sampleRoot, treeOf(before), treeOf(after))].map(
		({ words, permission }) => `${permission} ${words.join(" ")}`,
	);
}

test("every statement that differs is told with its words and permission", () => {
	assert.deepEqual(
		changes(
			"system { host-name a; ports [ 1 2 ]; } security { ike { policy p { mode main; } traceoptions { file f; } } }",
			"system { ports [ 1 3 ]; root-authentication secret x; } security { ike { policy p { mode aggressive; } policy q { mode main; } } }",
		),
		[
			"system system host-name",
			"system system ports",
			"admin system root-authentication secret",
			"security security ike policy p mode",
			"security security ike policy q",
			"security security ike policy q mode",
			"trace security ike traceoptions file filename",
		],
	);
});

test("marks and moves are changes of the entry, and nothing else is", () => {
	const list = (...names: string[]) =>
		`security { policies { from-zone a to-zone b { ${names.map((name) => `policy ${name};`).join(" ")} } } }`;
	const path = "security security policies from-zone a to-zone b policy";
	assert.deepEqual(changes(list("p", "q", "r"), list("q", "r", "p")), [`${path} p`]);
	assert.deepEqual(changes(list("p", "q"), list("q")), [`${path} p`]);
	assert.deepEqual(changes("security { ike { policy p; } }", "security { ike { inactive: policy p; } }"), [
		"security security ike policy p",
	]);
});

test("there are changes exactly when the trees differ", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			assert.equal([...changesBetween(schema, before, after)].length === 0, equalSlots(before, after));
		}),
		{ numRuns: 150 },
	);
});
