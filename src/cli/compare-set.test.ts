import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareAsSet } from "#cli/compare-set.ts";
import { topLevel } from "#config/level.ts";
import { printSetLines } from "#config/print-set.ts";
import { printText } from "#config/print-text.ts";
import { applyLines } from "#config/set-lines.ts";
import { type Branch, emptyTree, equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const salt = (count: number): Uint8Array => new Uint8Array(count);

function compared(before: string, after: string): string {
	return compareAsSet(sampleRoot, treeOf(before), treeOf(after), { path: [], hidesSecrets: false });
}

test("what came is set, what went is deleted, at the highest place that says it", () => {
	assert.equal(
		compared(
			"system { host-name a; ports [ 1 2 ]; } security { ike { policy p { mode main; } policy q { mode main; } } }",
			"system { host-name b; ports [ 1 3 ]; } security { ike { policy p; policy r { mode main; } } }",
		),
		`set system host-name b
delete system ports 2
set system ports 3
delete security ike policy q
delete security ike policy p mode
set security ike policy r mode main
`,
	);
	assert.equal(compared("system { host-name a; }", ""), "delete system\n");
	assert.equal(compared("system { host-name a; }", "system { host-name a; }"), "");
});

test("marks and comments are commands of their own", () => {
	assert.equal(
		compared(
			"security { ike { inactive: policy p; policy q; protect: policy r; } }",
			"security { ike { policy p;\n/* new */ inactive: policy q; policy r { mode main; } } }",
		),
		`activate security ike policy p
deactivate security ike policy q
annotate security ike policy q "new"
unprotect security ike policy r
set security ike policy r mode main
`,
	);
});

const pair = (...policies: string[]) =>
	`security { policies { from-zone a to-zone b { ${policies.map((name) => `policy ${name};`).join(" ")} } } }`;

test("entries that keep the user's order are inserted where they stand", () => {
	const path = "security policies from-zone a to-zone b policy";
	assert.equal(
		compared(pair("p", "q"), pair("p", "x", "q")),
		`set ${path} x\ninsert ${path} x after policy p\n`.replace("insert security", "insert security"),
	);
	assert.equal(compared(pair("p", "q"), pair("p", "q", "x")), `set ${path} x\n`);
	assert.equal(compared(pair("p", "q"), pair("q", "p")), `insert ${path} q before policy p\n`);
});

test("secrets are hidden from those who may not see them", () => {
	const after = treeOf("security { ike { policy p { pre-shared-key ascii-text hello; } } }");
	const text = compareAsSet(sampleRoot, treeOf(""), after, { path: [], hidesSecrets: true });
	assert.ok(!text.includes("$9$") && text.includes("/* SECRET-DATA */"));
});

test("the commands make one configuration of the other, whatever they are", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			const apply = (tree: Branch, lines: string) => applyLines(tree, topLevel(schema), lines, { salt });
			// What holds two alternatives at once cannot be made by commands at all.
			fc.pre(equalSlots(apply(emptyTree, printSetLines(schema, after)).tree, after));
			const lines = compareAsSet(schema, before, after, { path: [], hidesSecrets: false });
			const applied = apply(before, lines);
			assert.deepEqual(applied.errors, [], `${lines}\n--- before\n${printText(schema, before)}`);
			assert.equal(printText(schema, applied.tree), printText(schema, after), lines);
			assert.ok(equalSlots(applied.tree, after));
		}),
		{ numRuns: 300 },
	);
});
