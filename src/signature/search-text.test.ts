import assert from "node:assert/strict";
import { test } from "node:test";
import { SearchMemory, searchedAt } from "#signature/search-memory.ts";
import { writeTables } from "#signature/search-tables.ts";

/** The patterns found between `begin` and the end of the text that end behind `fresh`. */
function search(patterns: readonly string[], text: string, begin = 0, fresh = 0, isLongOnly = false): string[] {
	const memory = new SearchMemory();
	const { filter, hits } = writeTables(
		memory,
		patterns.map((pattern) => Buffer.from(pattern, "latin1")),
	);
	memory.words[filter / 4 + 3] = 1;
	memory.octets.set(Buffer.from(text, "latin1"), searchedAt);
	memory.search(filter, searchedAt + begin, searchedAt + fresh, searchedAt + text.length, Number(isLongOnly));
	const count = memory.words[filter / 4] as number;
	return [...memory.words.subarray(hits / 4, hits / 4 + count)].map((index) => patterns[index] as string).sort();
}

test("a pattern is found at every place of the text, whatever its length", () => {
	for (const pattern of ["~", "~q", "~qx", "~qxz", "~qxz7", "~qxz7w#", "~qxz7w#!", "~qxz7w#!k-and-more"])
		for (let place = 0; place < 80; place++) {
			const text = `${".".repeat(place)}${pattern}${".".repeat(80 - place)}`;
			assert.deepEqual(search([pattern], text), [pattern], `${pattern} at ${place}`);
		}
});

test("what ends before the fresh octets was told before, what begins before the range cannot be there", () => {
	assert.deepEqual(search(["ab"], "xxab..", 0, 4), []);
	assert.deepEqual(search(["ab"], "xxab..", 0, 3), ["ab"]);
	assert.deepEqual(search(["ab"], "xxab..", 3), []);
	assert.deepEqual(search(["abcdefgh"], "abcdefgh....", 0, 8), []);
	assert.deepEqual(search(["abcdefgh"], "abcdefgh....", 1), []);
});

test("octets behind the end are not seen", () => {
	const memory = new SearchMemory();
	const { filter } = writeTables(
		memory,
		["abcdefgh", "abcd", "ab", "a"].map((text) => Buffer.from(text)),
	);
	memory.words[filter / 4 + 3] = 1;
	memory.octets.set(Buffer.from("xxabcdefgh"), searchedAt);
	for (const [turn, [end, expected]] of [
		[2, 0],
		[3, 1],
		[4, 2],
		[5, 2],
		[6, 3],
		[9, 3],
		[10, 4],
	].entries() as Iterable<[number, [number, number]]>) {
		memory.words[filter / 4] = 0;
		memory.words[filter / 4 + 3] = turn + 2;
		memory.search(filter, searchedAt, searchedAt, searchedAt + end, 0);
		assert.equal(memory.words[filter / 4], expected, String(end));
	}
});

test("case is set aside for letters and for nothing else", () => {
	assert.deepEqual(search(["AbCdEfGh", "ZzZz", "aB"], "xabcDEFghzzzzAB"), ["AbCdEfGh", "ZzZz", "aB"]);
	assert.deepEqual(search(["[bcdefgh", "@@@@", "\r\n"], "{bcdefgh````-*"), []);
});

test("a piece that is there does not make a pattern of other octets be there", () => {
	assert.deepEqual(search(["<title>qzxwvk17", "<body>qzxwvk17", "qzxwvk17"], "<title>qzxwvk17"), [
		"<title>qzxwvk17",
		"qzxwvk17",
	]);
});

test("long patterns alone may be asked for", () => {
	assert.deepEqual(search(["abcdefgh", "ijkl", "m"], "abcdefghijklm", 0, 0, true), ["abcdefgh"]);
});

test("equal short patterns, and many that begin alike, are all found", () => {
	const many = Array.from(
		{ length: 200 },
		(_, index) => `q${String.fromCharCode(0x30 + (index % 10))}${index % 3 === 0 ? "!" : ""}`,
	);
	assert.equal(search([...many, "ab", "AB"], `${many.join(".")}aB`).length, 202);
});
