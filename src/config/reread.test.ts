import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareTrees } from "#config/compare.ts";
import { printText } from "#config/print-text.ts";
import { Rereader } from "#config/reread.ts";
import { parseText } from "#config/text.ts";
import { equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("a text read by its difference from the one before is the same configuration, for any two", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			const reader = new Rereader(schema);
			reader.read(printText(schema, before));
			const { tree, errors } = reader.read(printText(schema, after), compareTrees(schema, before, after));
			assert.deepEqual(errors, []);
			assert.ok(equalSlots(tree, after));
		}),
	);
});

test("what did not change is the very same object", () => {
	const before = treeOf("system { host-name a; } security { ike { policy strong; } }");
	const after = treeOf("system { host-name b; } security { ike { policy strong; } }");
	const reader = new Rereader(sampleRoot);
	const first = reader.read(printText(sampleRoot, before)).tree;
	const second = reader.read(printText(sampleRoot, after), compareTrees(sampleRoot, before, after)).tree;
	assert.notEqual(second, first);
	assert.equal(second.children.get("security"), first.children.get("security"));
});

test("whatever the hint says, the text is what is read", () => {
	const hints = fc.oneof(
		fc.constantFrom("", "[edit system]\n-  host-name a;\n+  host-name z;\n", "[edit]\n-   system { ... }\n"),
		fc.string(),
	);
	const texts = fc.constantFrom(
		"",
		"system { host-name a; }",
		"system {\n    host-name b;\n}\n",
		"system { nonsense; }",
	);
	fc.assert(
		fc.property(fc.array(fc.tuple(texts, fc.option(hints, { nil: undefined }))), (turns) => {
			const reader = new Rereader(sampleRoot);
			for (const [text, hint] of turns) {
				const wanted = parseText(sampleRoot, text);
				const read = reader.read(text, hint);
				assert.equal(read.errors.length, wanted.errors.length);
				if (wanted.errors.length === 0) assert.ok(equalSlots(read.tree, wanted.tree));
			}
		}),
	);
});
