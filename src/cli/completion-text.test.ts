import assert from "node:assert/strict";
import { test } from "node:test";
import { completeWord, listCandidates } from "#cli/completion-text.ts";
import type { Candidate } from "#cli/grammar.ts";

const word = (text: string): Candidate => ({ text, help: `help of ${text}`, kind: "keyword" });
const object = (text: string): Candidate => ({ text, help: "Object", kind: "object" });
const value: Candidate = { text: "<name>", help: "Name", kind: "value" };

test("candidates stand in columns with their marks", () => {
	assert.equal(
		listCandidates([
			{ text: "<[Enter]>", help: "Execute this command", kind: "enter" },
			{ ...word("security"), mark: ">" },
		]),
		"Possible completions:\n  <[Enter]>            Execute this command\n> security             help of security\n",
	);
	assert.match(listCandidates([word("a".repeat(50)), word("b")]), /\n {2}a{50} help of a+\n {2}b {40}help of b\n$/);
	assert.equal(listCandidates([]), "No valid completions\n");
});

test("names from outside cannot move the cursor, and too many are counted", () => {
	assert.match(listCandidates([object("a\x1b[2J")]), /a\\x1b\[2J/);
	const many = listCandidates(Array.from({ length: 1_500 }, (_, index) => object(`n${index}`)));
	assert.match(many, /\.\.\. and 500 more\n$/);
});

test("SPACE completes the only keyword, keeps an exact one, and leaves values alone", () => {
	assert.deepEqual(completeWord([word("show"), word("set")], "sh", "space"), {
		kind: "insert",
		text: "show",
		isWhole: true,
	});
	assert.deepEqual(completeWord([word("show"), word("show-all")], "show", "space"), {
		kind: "insert",
		text: "show",
		isWhole: true,
	});
	assert.deepEqual(completeWord([word("show"), word("set")], "s", "space"), { kind: "list" });
	assert.deepEqual(completeWord([value, object("policy1")], "pol", "space"), { kind: "nothing" });
	assert.deepEqual(completeWord([value, word("terminal"), word("text")], "te", "space"), { kind: "nothing" });
	assert.deepEqual(completeWord([], "x", "space"), { kind: "nothing" });
});

test("TAB completes as far as the candidates agree, then lists", () => {
	assert.deepEqual(completeWord([value, object("policy1"), object("policy2")], "p", "tab"), {
		kind: "insert",
		text: "policy",
		isWhole: false,
	});
	assert.deepEqual(completeWord([object("policy1"), object("policy2")], "policy", "tab"), { kind: "list" });
	assert.deepEqual(completeWord([object("policy1")], "po", "tab"), { kind: "insert", text: "policy1", isWhole: true });
	assert.deepEqual(completeWord([value], "x", "tab"), { kind: "nothing" });
});
