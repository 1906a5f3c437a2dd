import assert from "node:assert/strict";
import { test } from "node:test";
import { annotateWords, deleteWords, insertWords, locate, markWords, setWords } from "#config/edit.ts";
import { levelBelow, topLevel } from "#config/level.ts";
import { printText } from "#config/print-text.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const options = { salt: (count: number) => new Uint8Array(count) };
const top = topLevel(sampleRoot);
const items = (line: string) => (line === "" ? [] : line.split(" ").map(itemOf));

function level(line: string) {
	const resolved = resolveWords(sampleRoot, items(line), options);
	assert.ok(resolved.ok);
	return levelBelow(top, resolved);
}

test("words are relative to the level", () => {
	const result = setWords(treeOf(""), level("security ike policy p"), items("mode main"), options);
	assert.ok(result.ok);
	assert.equal(
		printText(sampleRoot, result.tree),
		"security {\n    ike {\n        policy p {\n            mode main;\n        }\n    }\n}\n",
	);
});

test("delete without words clears the level and leaves the entry", () => {
	const tree = treeOf("security { ike { policy p { mode main; } } }");
	const result = deleteWords(tree, level("security ike policy p"), [], options);
	assert.ok(result.ok);
	assert.equal(printText(sampleRoot, result.tree), "security {\n    ike {\n        policy p;\n    }\n}\n");
});

test("an unnamed leaf is found by its value alone", () => {
	const tree = treeOf("security { address-book { global { address a 10.0.0.0/8; } } }");
	assert.ok(locate(tree, top, items("security address-book global address a 10.0.0.0/8"), options).ok);
	assert.ok(!locate(tree, top, items("security address-book global address a 11.0.0.0/8"), options).ok);
});

test("marks and annotations come and go; the level itself cannot be named by no words", () => {
	const tree = treeOf("system { host-name x; }");
	const marked = markWords(tree, top, items("system host-name"), { isInactive: true }, options);
	assert.ok(marked.ok);
	const annotated = annotateWords(marked.tree, top, items("system"), " why */ ", options);
	assert.ok(annotated.ok);
	assert.equal(printText(sampleRoot, annotated.tree), "/* why * / */\nsystem {\n    inactive: host-name x;\n}\n");
	const bare = annotateWords(annotated.tree, top, items("system"), "", options);
	assert.ok(bare.ok && !printText(sampleRoot, bare.tree).includes("why"));
	assert.deepEqual(markWords(tree, top, [], { isInactive: true }, options).ok, false);
});

test("insert refuses entries of different lists", () => {
	const tree = treeOf("security { address-book { b { address-set s { address x; extra y; } } } }");
	const member = items("security address-book b address-set s address x");
	const result = insertWords(tree, top, member, "before", items("extra y"), options);
	assert.ok(!result.ok);
	assert.match(result.message, /entries of the same list/);
});

test("a failure tells which word is at fault", () => {
	const result = setWords(treeOf(""), top, items("system host-nam x"), options);
	assert.ok(!result.ok);
	assert.equal(result.at, 1);
	assert.equal(result.problem?.advice, "did you mean 'host-name'?");
});
