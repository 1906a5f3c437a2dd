import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Key, KeyDecoder } from "#cli/key-decoder.ts";

function keys(...pieces: readonly (string | Uint8Array)[]): Key[] {
	const decoder = new KeyDecoder();
	return pieces.flatMap((piece) => decoder.decode(typeof piece === "string" ? Buffer.from(piece) : piece));
}

function names(...pieces: readonly string[]): string[] {
	return keys(...pieces).map((key) => (key.kind === "key" ? key.name : `${key.kind}:${key.text}`));
}

test("letters are text, control characters are keys", () => {
	assert.deepEqual(names("aß?\t\r\x01\x7f\b\x12\x03"), [
		"text:a",
		"text:ß",
		"text:?",
		"tab",
		"enter",
		"ctrl-a",
		"backspace",
		"backspace",
		"ctrl-r",
		"ctrl-c",
	]);
	assert.deepEqual(names("\r\n\n"), ["enter", "enter"]);
});

test("escape sequences become keys wherever they are cut", () => {
	const text = "\x1b[A\x1b[B\x1bOC\x1b[D\x1b[1~\x1b[4~\x1b[3~\x1b[5~\x1b[6~\x1b[1;5C\x1b[1;5D\x1bb\x1bF\x1b\x7f\x1b<";
	const expected =
		"up down right left home end delete page-up page-down meta-f meta-b meta-b meta-f meta-backspace meta-<";
	assert.deepEqual(names(text), expected.split(" "));
	assert.deepEqual(names(...text), expected.split(" "));
});

test("a letter of several octets may be cut", () => {
	const octets = Buffer.from("é€😀");
	assert.deepEqual(
		keys(...[...octets].map((octet) => Uint8Array.of(octet))).map((key) => key.kind === "text" && key.text),
		["é", "€", "😀"],
	);
});

test("what is pasted is text, returns are line feeds, escape sequences in it mean nothing", () => {
	assert.deepEqual(names("\x1b[200~set a?\tb\rset\x1b[A c\r\n\x1b[201~x"), ["paste:set a?\tb\nset[A c\n", "text:x"]);
	const pieces = names("\x1b[200~abc\x1b[20", "1~x");
	assert.deepEqual(pieces, ["paste:abc", "text:x"]);
});

test("unknown and endless sequences are dropped", () => {
	assert.deepEqual(names("\x1b[99Xa"), ["text:a"]);
	assert.equal(keys(`\x1b[${"1;".repeat(1_000)}`).length < 2_000, true);
});

test("any octets become keys, the same ones however they are cut", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (octets, cut) => {
			const whole = keys(octets);
			const parts = keys(octets.subarray(0, cut), octets.subarray(cut));
			const text = (list: Key[]) =>
				list.map((key) => (key.kind === "key" ? `<${key.name}>` : key.kind === "paste" ? key.text : key.text)).join("");
			assert.equal(text(parts), text(whole));
		}),
	);
});
