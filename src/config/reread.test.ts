import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareTrees } from "#config/compare.ts";
import { printText } from "#config/print-text.ts";
import { digestOf, Rereader } from "#config/reread.ts";
import { parseText } from "#config/text.ts";
import { equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("a text read by its difference from the one before is the same configuration, for any two", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			const reader = new Rereader(schema);
			reader.read({ text: printText(schema, before) });
			reader.prepare();
			const sha256 = digestOf(printText(schema, after));
			const read = reader.read({ change: compareTrees(schema, before, after), sha256 });
			assert.ok(read !== undefined && equalSlots(read.tree, after));
			assert.equal(reader.read({ change: "", sha256 })?.tree, read.tree);
		}),
	);
});

test("what did not change is the very same object", () => {
	const before = treeOf("system { host-name a; } security { ike { policy strong; } }");
	const after = treeOf("system { host-name b; } security { ike { policy strong; } }");
	const reader = new Rereader(sampleRoot);
	const first = reader.read({ text: printText(sampleRoot, before) })?.tree;
	const sha256 = digestOf(printText(sampleRoot, after));
	const second = reader.read({ change: compareTrees(sampleRoot, before, after), sha256 })?.tree;
	assert.ok(first !== undefined && second !== undefined);
	assert.notEqual(second, first);
	assert.equal(second.children.get("security"), first.children.get("security"));
});

test("whatever a difference says, what is read has the digest that is told, or the text is asked for", () => {
	const changes = fc.oneof(
		fc.constantFrom("", "[edit system]\n-  host-name a;\n+  host-name b;\n", "[edit]\n-   system { ... }\n"),
		fc.string(),
	);
	const texts = fc.constantFrom(
		"",
		"system {\n    host-name a;\n}\n",
		"system {\n    host-name b;\n}\n",
		"system { nonsense; }",
	);
	let followed = 0;
	fc.assert(
		fc.property(fc.array(fc.tuple(texts, fc.option(changes, { nil: undefined }))), (turns) => {
			const reader = new Rereader(sampleRoot);
			for (const [text, change] of turns) {
				const wanted = parseText(sampleRoot, text);
				const read = reader.read(change === undefined ? { text } : { change, sha256: digestOf(text) });
				assert.ok(change !== undefined || read !== undefined);
				if (read === undefined) continue;
				assert.equal(read.errors.length, wanted.errors.length);
				if (wanted.errors.length === 0) assert.ok(equalSlots(read.tree, wanted.tree));
				if (change !== undefined) followed++;
			}
		}),
	);
	assert.ok(followed > 0);
});
