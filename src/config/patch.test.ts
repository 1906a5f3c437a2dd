import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareTrees } from "#config/compare.ts";
import { topLevel } from "#config/level.ts";
import { applyPatch } from "#config/patch.ts";
import { printText } from "#config/print-text.ts";
import { formatTextError, maxTextErrors, maxTextLength } from "#config/text.ts";
import { equalSlots } from "#config/tree.ts";
import { arbitraryPair } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function patched(before: string, patch: string): { text: string; errors: string[] } {
	const { tree, errors } = applyPatch(treeOf(before), topLevel(sampleRoot), patch);
	return { text: printText(sampleRoot, tree), errors: errors.map((error) => formatTextError("terminal", error)) };
}

test("a patch written by hand is done; a new entry without a place goes to the end", () => {
	const { text, errors } = patched(
		"system { host-name a; ports 1; } security { policies { from-zone a to-zone b { policy p; policy q; } } }",
		`[edit system]
- host-name a;
+ host-name b;
+ ports 2;
[edit security policies from-zone a to-zone b]
+ policy last {
+   then {
+     deny;
+   }
+ }
`,
	);
	assert.deepEqual(errors, []);
	assert.match(text, /host-name b;\n\s+ports \[ 1 2 \];/);
	assert.deepEqual(
		[...text.matchAll(/policy (\w+)/g)].map((match) => match[1]),
		["p", "q", "last"],
	);
});

test("what does not fit is told with its line and the rest is done", () => {
	const { text, errors } = patched(
		"system { host-name a; }",
		`nonsense
[edit nowhere]
+ x;
[edit security ike policy p]
+ mode main;
[edit system]
- host-name b;
- location x;
! policy x { ... }
+ ports 0;
+ ports 5;
`,
	);
	assert.deepEqual(
		errors.map((message) => message.split("\n")[0]),
		[
			"terminal:1:(1) syntax error: a line begins with '[edit', '+', '-', '!' or a blank",
			"terminal:2:(7) syntax error: nowhere",
			"terminal:5:(1) the patch does not fit: the statement does not exist",
			"terminal:7:(1) the patch does not fit: 'host-name' has another value",
			"terminal:7:(1) the patch does not fit: 'location' does not exist",
			"terminal:9:(1) syntax error: policy",
			"terminal:10:(9) Value 0 is not within range (1..65535)",
		],
	);
	assert.equal(text, "system {\n    host-name a;\n    ports 5;\n}\n");
});

test("size and number of errors are bounded", () => {
	assert.equal(patched("", "x\n".repeat(10_000)).errors.length, maxTextErrors);
	assert.equal(patched("", " ".repeat(maxTextLength + 1)).errors.length, 1);
});

test("the difference of any two trees, done to the first, gives the second", () => {
	fc.assert(
		fc.property(arbitraryPair, ({ schema, before, after }) => {
			const patch = compareTrees(schema, before, after);
			const { tree, errors } = applyPatch(before, topLevel(schema), patch);
			assert.deepEqual(errors, [], patch);
			assert.ok(
				equalSlots(tree, after),
				`${patch}\n--- wanted\n${printText(schema, after)}\n--- got\n${printText(schema, tree)}`,
			);
			assert.equal(patch === "", equalSlots(before, after));
		}),
		{ numRuns: 150 },
	);
});

test("any text is answered, and what is left is a configuration", () => {
	const pieces = fc.constantFrom(
		"[edit]\n",
		"[edit system]\n",
		"[edit security ike]\n",
		"+  host-name x;\n",
		"-  host-name x;\n",
		"+   policy p {\n",
		"+   }\n",
		"!   policy p { ... }\n",
		"    policy p { ... }\n",
		"!   inactive: policy p { ... }\n",
		"!   /* x */\n",
		"-   policy p;\n",
		'[edit "\n',
		'+ "\n',
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.array(pieces, { maxLength: 30 }).map((lines) => lines.join("")),
				fc.string({ unit: "binary" }),
			),
			(patch) => {
				const { text } = patched("system { host-name x; } security { ike { policy p; } }", patch);
				assert.equal(printText(sampleRoot, treeOf(text)), text);
			},
		),
		{ numRuns: 1_000 },
	);
});
