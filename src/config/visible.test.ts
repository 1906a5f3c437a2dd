import assert from "node:assert/strict";
import { test } from "node:test";
import { printText } from "#config/print-text.ts";
import { visibleBranch } from "#config/visible.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const tree = treeOf(
	"system { host-name a; root-authentication secret x; } security { ike { policy p { mode main; } policy q; traceoptions file f; } } routing-options { static { route 0.0.0.0/0; } }",
);

test("statements are left out by the permission that they or a statement above them name", () => {
	const printed = printText(
		sampleRoot,
		visibleBranch(sampleRoot, tree, (_, permission) => permission === "security" || permission === "system"),
	);
	assert.equal(
		printed,
		"system {\n    host-name a;\n}\nsecurity {\n    ike {\n        policy p {\n            mode main;\n        }\n        policy q;\n    }\n}\n",
	);
});

test("statements are left out by their words, single entries among them", () => {
	const printed = printText(
		sampleRoot,
		visibleBranch(sampleRoot, tree, (words) => !words.join(" ").startsWith("security ike policy p")),
	);
	assert.ok(printed.includes("policy q") && !printed.includes("policy p"));
});

test("a tree that is wholly visible is the same object", () => {
	assert.equal(
		visibleBranch(sampleRoot, tree, () => true),
		tree,
	);
	assert.equal(visibleBranch(sampleRoot, tree, () => false).children.size, 0);
});
