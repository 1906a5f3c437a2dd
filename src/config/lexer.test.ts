import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lexer } from "#config/lexer.ts";
import { maxWordLength } from "#config/word.ts";

function tokens(source: string): string[] {
	const lexer = new Lexer(source);
	const found: string[] = [];
	for (let kind = lexer.next(); kind !== "end"; kind = lexer.next())
		found.push(`${lexer.line}:${lexer.column} ${kind} ${lexer.text}`);
	return found;
}

test("words, marks and comments come with line and column", () => {
	assert.deepEqual(tokens('a {\n  "b c" [x]; # note\n} /* l1\n * l2 */ d'), [
		"1:1 word a",
		"1:3 { {",
		"2:3 word b c",
		"2:9 [ [",
		"2:10 word x",
		"2:11 ] ]",
		"2:12 ; ;",
		"2:14 comment  note",
		"3:1 } }",
		"3:3 comment  l1\nl2 ",
		"4:10 word d",
	]);
});

test("remarks of the system are passed over, an IPv6 endpoint is one word", () => {
	assert.deepEqual(tokens("key; ## SECRET-DATA\n## x\n[2001:db8::1]:443 [ 1 ]"), [
		"1:1 word key",
		"1:4 ; ;",
		"3:1 word [2001:db8::1]:443",
		"3:19 [ [",
		"3:21 word 1",
		"3:23 ] ]",
	]);
});

test("what is broken is said and reading goes on", () => {
	assert.deepEqual(tokens('"open\nx /* never'), [
		"1:1 broken unterminated string",
		"2:1 word x",
		"2:3 broken unterminated comment",
	]);
	assert.deepEqual(tokens("a\u0001b"), ["1:1 broken control character in a word"]);
	assert.deepEqual(tokens('"a\\\nb'), ["1:1 broken unterminated string", "2:1 word b"]);
	assert.deepEqual(tokens('"a\\'), ["1:1 broken unterminated string"]);
	assert.deepEqual(tokens('"a\\"b" c'), ['1:1 word a"b', "1:8 word c"]);
});

test("a string of any length needs no more stack than a short one", () => {
	const length = 5_000_000;
	assert.deepEqual(tokens(`"${"a".repeat(length)}`), ["1:1 broken unterminated string"]);
	assert.deepEqual(tokens(`"${"\\a".repeat(length / 2)}"`), [
		`1:1 broken a word of ${length + 2} characters; at most ${maxWordLength} are accepted`,
	]);
});

test("any text ends, and every token moves on", () => {
	fc.assert(
		fc.property(
			fc.string({
				unit: fc.constantFrom('"', "\\", "/", "*", "#", "\n", " ", "[", "]", ":", "1", "{", ";", "a", "\u0000"),
			}),
			(source) => {
				assert.ok(tokens(source).length <= source.length);
			},
		),
		{ numRuns: 3_000 },
	);
});
