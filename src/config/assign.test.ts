import assert from "node:assert/strict";
import { test } from "node:test";
import { assign } from "#config/assign.ts";
import { printText } from "#config/print-text.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { type Branch, branchAt, changeBranch, emptyTree, withMarks } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function set(tree: Branch, line: string, replaces = true): Branch {
	const resolved = resolveWords(sampleRoot, line.split(" ").map(itemOf), { salt: (count) => new Uint8Array(count) });
	assert.ok(resolved.ok, line);
	return assign(tree, sampleRoot, resolved, replaces);
}

test("set makes the branches on its way, replaces a leaf and adds to a leaf list", () => {
	let tree = set(emptyTree, "system host-name a");
	tree = set(tree, "system host-name b");
	tree = set(tree, "system ports 1");
	tree = set(tree, "system ports 2");
	assert.equal(set(tree, "system ports 1"), tree);
	tree = set(tree, "security ike gateway g");
	assert.equal(
		printText(sampleRoot, tree),
		"system {\n    host-name b;\n    ports [ 1 2 ];\n}\nsecurity {\n    ike {\n        gateway g;\n    }\n}\n",
	);
});

test("set of a container that means nothing alone changes nothing", () => {
	assert.equal(set(emptyTree, "system"), emptyTree);
});

test("setting an alternative removes the others, unless both are to be refused at commit", () => {
	const tree = treeOf("security { policies { from-zone a to-zone b { policy p { then { permit { log; } } } } } }");
	const denied = set(tree, "security policies from-zone a to-zone b policy p then deny");
	assert.match(printText(sampleRoot, denied), /then \{\n\s+deny;\n\s+\}/);
	const permitted = set(denied, "security policies from-zone a to-zone b policy p then permit log");
	assert.ok(!printText(sampleRoot, permitted).includes("deny"));
	const both = set(set(emptyTree, "security ike policy p proposals x"), "security ike policy p proposal-set basic");
	assert.match(printText(sampleRoot, both), /proposals x;\n\s+proposal-set basic;/);
	const inOneLine = "security ike policy p pre-shared-key ascii-text $9$xFU-b2ZUH5Qn4aQn/CB17-V hexadecimal 00";
	assert.doesNotMatch(printText(sampleRoot, set(emptyTree, inOneLine)), /ascii-text/);
	const kept = set(tree, "security policies from-zone a to-zone b policy p then deny", false);
	assert.match(printText(sampleRoot, kept), /permit \{[\s\S]*deny;/);
});

test("marks and annotations stay when a value is replaced", () => {
	const path = [{ name: "system", keys: [], holds: "container" as const }];
	const tree = changeBranch(treeOf("system { inactive: host-name a; }"), path, (branch) =>
		withMarks(branch, { comment: "c" }),
	);
	const after = set(tree, "system host-name b");
	assert.equal(branchAt(after, path)?.comment, "c");
	assert.match(printText(sampleRoot, after), /inactive: host-name b;/);
});
