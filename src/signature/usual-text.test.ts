import assert from "node:assert/strict";
import { test } from "node:test";
import { isUsual, unusualPiece } from "#signature/usual-text.ts";

function piece(text: string, length: number, sample: number): string {
	const start = unusualPiece(Buffer.from(text, "latin1"), length, sample);
	return text.slice(start, start + length);
}

test("what pages and heads have is usual, in either case", () => {
	for (const text of ["</TITLE>", "document.", "Mozilla/5.0", "that this"]) assert.ok(isUsual(Buffer.from(text)), text);
	for (const text of ["/gate.php", "eval(unescape", "\x90\x90\x90\x90"]) assert.ok(!isUsual(Buffer.from(text)), text);
});

test("the piece is the part that pages do not have", () => {
	assert.match(piece('<a href="http://qzxwvk17.example.com/">', 8, 4), /qzxwvk1/);
	assert.match(piece("<script>zq7x</script>", 4, 3), /zq7/);
	assert.match(piece("        \x90\x91\x92\x93\x94\x95\x96\x97    ", 8, 4), /\x90\x91\x92\x93\x94\x95/);
});

test("of a pattern no longer than the piece all is taken", () => {
	assert.equal(unusualPiece(Buffer.from("</title>"), 8, 4), 0);
	assert.equal(unusualPiece(Buffer.from("abcd"), 4, 3), 0);
});
