import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTestsBeside } from "../../scripts/check-tests-beside.ts";
import { makeTree } from "../support/tree.ts";

const code = "export const x = 1;\n";

test("a file with its test, a file of types only and an exception with a reason are in order", (t) => {
	const root = makeTree(t, {
		"scripts/untested.json": '{ "src/daemon/managed.ts": "started by every integration test" }',
		"src/base/bytes.ts": code,
		"src/base/bytes.test.ts": code,
		"src/base/row.ts":
			'/** A row. */\nimport type { X } from "#base/x.ts";\nexport interface Row { readonly x: X }\nexport type Y = 1;\n',
		"src/daemon/managed.ts": code,
	});
	assert.deepEqual(checkTestsBeside(root), []);
});

test("a file without a test is told", (t) => {
	const root = makeTree(t, { "scripts/untested.json": "{}", "src/base/bytes.ts": code });
	assert.deepEqual(checkTestsBeside(root), ["src/base/bytes.ts: has no src/base/bytes.test.ts beside it"]);
});

test("a test without its file is told", (t) => {
	const root = makeTree(t, { "scripts/untested.json": "{}", "src/base/bytes.test.ts": code });
	assert.deepEqual(checkTestsBeside(root), [
		"src/base/bytes.test.ts: its source file src/base/bytes.ts does not exist",
	]);
});

test("the list of exceptions can only shrink: a gone file, a tested file and a missing reason are told", (t) => {
	const root = makeTree(t, {
		"scripts/untested.json":
			'{ "src/base/gone.ts": "it was here once", "src/base/a.ts": "it is a table", "src/base/b.ts": "" }',
		"src/base/a.ts": code,
		"src/base/a.test.ts": code,
		"src/base/b.ts": code,
	});
	assert.deepEqual(checkTestsBeside(root), [
		"scripts/untested.json: src/base/gone.ts does not exist; remove the entry",
		"scripts/untested.json: src/base/a.ts has a test now; remove the entry",
		"scripts/untested.json: src/base/b.ts needs a reason",
	]);
});
