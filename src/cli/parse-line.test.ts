import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isInQuotes, maxLineLength, splitLine } from "#cli/parse-line.ts";

function words(line: string): string[][] {
	const split = splitLine(line);
	assert.ok(split.ok);
	return split.parts.map((part) => part.words.map(({ text }) => text));
}

test("a line is a command and pipes; bars and blanks in quotes belong to words", () => {
	assert.deepEqual(words('show log  messages | match "a|b c" | count'), [
		["show", "log", "messages"],
		["match", "a|b c"],
		["count"],
	]);
	assert.deepEqual(words("a|b"), [["a"], ["b"]]);
	assert.deepEqual(words(""), [[]]);
	assert.deepEqual(words("show |"), [["show"], []]);
	assert.deepEqual(words('x "say \\"hi\\" \\\\"'), [["x", 'say "hi" \\']]);
});

test("a comment has no words", () => {
	assert.deepEqual(words("  # show | count"), [[]]);
});

test("quotes that are not closed are told", () => {
	const split = splitLine('set x "abc');
	assert.ok(split.ok && split.hasOpenQuote);
	assert.equal(isInQuotes('set x "abc', 10), true);
	assert.equal(isInQuotes('set x "a\\"c" d', 13), false);
	assert.equal(isInQuotes('set x "a\\"c', 11), true);
});

test("a line that is too long, has too many words, or control characters is refused with the place", () => {
	const long = splitLine("x".repeat(maxLineLength + 1));
	assert.ok(!long.ok && long.at === maxLineLength);
	const many = splitLine("x ".repeat(5_000));
	assert.ok(!many.ok && many.message.includes("4096 words"));
	const control = splitLine("show \x1b[31m");
	assert.ok(!control.ok && control.at === 5);
});

test("any line is split without an exception, and every word stands where it says", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary", maxLength: 200 }), (line) => {
			const split = splitLine(line);
			if (!split.ok) return;
			let last = 0;
			for (const { words: inside, start, end } of split.parts) {
				assert.ok(start >= 0 && end <= line.length);
				for (const word of inside) {
					assert.ok(word.start >= last && word.end > word.start && word.end <= line.length);
					if (!word.isQuoted) assert.equal(line.slice(word.start, word.end), word.text);
					last = word.end;
				}
			}
		}),
	);
});
