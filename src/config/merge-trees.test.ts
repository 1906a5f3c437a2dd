import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeTrees, shareEqual } from "#config/merge-trees.ts";
import { printText } from "#config/print-text.ts";
import { emptyTree, equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("leaves are replaced, values and entries added, alternatives displaced, marks kept", () => {
	const merged = mergeTrees(
		sampleRoot,
		treeOf(
			"system { host-name a; ports 1; } security { ike { inactive: policy p; policy q { pre-shared-key ascii-text x; } } }",
		),
		treeOf(
			"system { host-name b; ports 2; } security { ike { policy p { mode main; } policy q { pre-shared-key hexadecimal 00; } policy r; } }",
		),
	);
	const printed = printText(sampleRoot, merged);
	assert.match(printed, /host-name b;\n\s+ports \[ 1 2 \];/);
	assert.match(printed, /inactive: policy p \{\n\s+mode main;/);
	assert.ok(printed.includes("hexadecimal") && !printed.includes("ascii-text") && printed.includes("policy r;"));
});

test("merging into nothing, or a tree into itself, changes nothing", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before }) => {
			assert.ok(equalSlots(mergeTrees(schema, emptyTree, before), before));
			assert.ok(equalSlots(mergeTrees(schema, before, before), before));
		}),
		{ numRuns: 100 },
	);
});

test("sharing keeps the content and takes over what is equal", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			assert.ok(schema.kind === "container" && equalSlots(shareEqual(before, after), after));
		}),
		{ numRuns: 100 },
	);
	const old = treeOf("system { host-name a; } security { ike { policy p; policy q { mode main; } } }");
	const fresh = shareEqual(
		old,
		treeOf("system { host-name b; } security { ike { policy p; policy q { mode main; } } }"),
	);
	assert.equal(fresh.children.get("security"), old.children.get("security"));
	assert.equal(shareEqual(old, treeOf(printText(sampleRoot, old))), old);
});
