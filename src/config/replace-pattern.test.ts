import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern } from "#config/pattern.ts";
import { printText } from "#config/print-text.ts";
import { replacePattern } from "#config/replace-pattern.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function replace(source: string, pattern: string, replacement: string, upTo?: number) {
	const compiled = compilePattern(pattern);
	assert.ok(compiled.ok);
	const options = { salt: (count: number) => new Uint8Array(count), path: [], ...(upTo === undefined ? {} : { upTo }) };
	const { branch, count, errors } = replacePattern(sampleRoot, treeOf(source), compiled.pattern, replacement, options);
	return { text: printText(sampleRoot, branch), count, errors: errors.map(({ message }) => message) };
}

test("names, values and annotations are replaced, keywords and secrets are not", () => {
	const { text, count } = replace(
		"/* ge */ interfaces { ge-0/0/0 { unit 0; } } system { host-name ge-gw; root-authentication secret ge-secret; } security { ike { gateway ge; } }",
		"ge",
		"xe",
	);
	assert.equal(count, 4);
	assert.match(text, /xe-0\/0\/0/);
	assert.match(text, /host-name xe-gw/);
	assert.match(text, /gateway xe;/);
	assert.match(text, /\/\* xe \*\//);
});

test("the number of replacements can be bounded", () => {
	assert.equal(replace("interfaces { ge-0/0/0; ge-0/0/1; }", "ge", "xe", 1).count, 1);
});

test("what is no value any more, or a name that is taken, is an error", () => {
	assert.deepEqual(replace("system { ports 1; }", "1", "x").errors, ["Invalid numeric value: 'x'"]);
	assert.deepEqual(replace("security { ike { policy a1; policy a2; } }", "[0-9]", "").errors, ["'a' already exists"]);
});

test("without a match the tree is the same object", () => {
	const tree = treeOf("system { host-name x; } interfaces { ge-0/0/0; }");
	const compiled = compilePattern("nothing");
	assert.ok(compiled.ok);
	assert.equal(
		replacePattern(sampleRoot, tree, compiled.pattern, "y", { salt: (count) => new Uint8Array(count), path: [] })
			.branch,
		tree,
	);
});
