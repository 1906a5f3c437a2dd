import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeContent, decodeText, maxContentOctets, readQuoted } from "#signature/content-text.ts";

function textOf(content: string): string {
	const octets = decodeContent(content);
	return typeof octets === "string" ? `wrong: ${octets}` : Buffer.from(octets).toString("latin1");
}

test("quotes are taken off, and a ! before them negates", () => {
	assert.deepEqual(readQuoted('"a"'), { isNegated: false, text: "a" });
	assert.deepEqual(readQuoted('!"a"'), { isNegated: true, text: "a" });
	for (const value of [undefined, "a", '"a', '"', "!a"]) assert.equal(readQuoted(value), undefined);
});

test("text, hexadecimal with and without spaces, and escapes become octets", () => {
	assert.equal(textOf("abc"), "abc");
	assert.equal(textOf("http|3A|//"), "http://");
	assert.equal(textOf("|61 62|c|6465|"), "abcde");
	assert.equal(textOf('a\\"b\\;c\\:d\\\\e'), 'a"b;c:d\\e');
	assert.equal(textOf("\u00e9"), "\u00e9");
});

test("what is no content is told", () => {
	assert.match(textOf(""), /empty/);
	assert.match(textOf("|6|"), /odd number/);
	assert.match(textOf("|6g|"), /"g" between/);
	assert.match(textOf("|61"), /does not end/);
	assert.match(textOf("a\\"), /at the end/);
	assert.match(textOf("a\\n"), /no escape/);
	assert.match(textOf("\u20ac"), /above one octet/);
	assert.match(textOf("a".repeat(maxContentOctets + 1)), /at most/);
});

test("octets written as hexadecimal come back", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (octets) => {
			assert.deepEqual(decodeContent(`|${Buffer.from(octets).toString("hex")}|`), octets);
		}),
	);
});

test("any text gives an answer and nothing is thrown", () => {
	fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void decodeContent(text)));
});

test("escapes of free text are undone", () => {
	assert.equal(decodeText('a\\;b \\"c\\" d\\e'), 'a;b "c" d\\e');
});
