import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalComment, joinComments } from "#config/comment.ts";

test("a comment loses blanks, empty lines and what could end it early", () => {
	assert.equal(canonicalComment("  a \n\n b\u0007c */ d"), "a\nb c * / d");
	assert.equal(canonicalComment(" \n "), undefined);
	assert.equal(canonicalComment("x".repeat(10_000))?.length, 4_096);
});

test("two comments on one statement become lines of one", () => {
	assert.equal(joinComments("a", "b"), "a\nb");
	assert.equal(joinComments(undefined, "b"), "b");
});
