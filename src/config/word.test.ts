import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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
