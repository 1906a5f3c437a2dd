import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLine } from "#config/line.ts";

test("words keep their columns, a list is one item, comments are skipped", () => {
	const read = readLine('set a [ b "c d" ] e # note', 3);
	assert.ok(read.ok);
	assert.deepEqual(
		read.items.map((item) => [item.line, item.column, item.words?.map((word) => word.text) ?? item.text]),
		[
			[3, 1, "set"],
			[3, 5, "a"],
			[3, 7, ["b", "c d"]],
			[3, 19, "e"],
		],
	);
	assert.equal(read.openList, undefined);
});

test("a list that is not closed is given apart; what has no place in a line is refused with its column", () => {
	const open = readLine("a [ b c");
	assert.ok(open.ok);
	assert.deepEqual(
		open.openList?.map((word) => word.text),
		["b", "c"],
	);
	assert.deepEqual(readLine("a { b"), { ok: false, column: 3, message: "syntax error." });
	assert.deepEqual(readLine('a "b'), { ok: false, column: 3, message: "unterminated string" });
	assert.deepEqual(readLine("a ]"), { ok: false, column: 3, message: "syntax error." });
	assert.equal(readLine("a ".repeat(5_000)).ok, false);
});

test("any line is answered", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (line) => {
			readLine(line);
		}),
	);
});
