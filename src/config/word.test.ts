import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalComment } from "#config/comment.ts";
import { Lexer } from "#config/lexer.ts";
import { formatWord, hasControlCharacter, joinWords } from "#config/word.ts";

test("words are bare where Junos leaves them bare and quoted elsewhere", () => {
	assert.equal(
		joinWords(["ge-0/0/0.0", "10.0.0.0/8", "2001:db8::1", "*.example.com", "<*>", "[::1]:443"]),
		"ge-0/0/0.0 10.0.0.0/8 2001:db8::1 *.example.com <*> [::1]:443",
	);
	assert.equal(
		joinWords(["a b", "", "user@host", "inactive:", "/*x", "$9$x", "ä"]),
		'"a b" "" "user@host" "inactive:" "/*x" "$9$x" "ä"',
	);
});

test("what moves the cursor of a terminal is in no word and no comment, also in its form of one octet", () => {
	for (const code of [0, 7, 8, 10, 13, 27, 127, 128, 0x85, 0x90, 0x9b, 0x9d, 0x9f, 0x2028]) {
		const character = String.fromCharCode(code);
		assert.ok(hasControlCharacter(`a${character}`), String(code));
		assert.ok(!canonicalComment(`a${character}b`)?.includes(character) || code === 10, String(code));
	}
	assert.ok(!hasControlCharacter("\u00a0ä"));
});

test("any word without control characters is read back as it was", () => {
	fc.assert(
		fc.property(
			fc.string({
				unit: fc.oneof(
					fc.constantFrom("\\", '"', " ", "a", "[", "]", ";", "#", ":"),
					fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
				),
				maxLength: 20,
			}),
			(word) => {
				fc.pre(!hasControlCharacter(word));
				const lexer = new Lexer(`${formatWord(word)} next`);
				assert.equal(lexer.next(), "word");
				assert.equal(lexer.text, word);
				assert.equal(lexer.next(), "word");
				assert.equal(lexer.text, "next");
			},
		),
		{ numRuns: 3_000 },
	);
});
