import assert from "node:assert/strict";
import { test } from "node:test";
import { SearchMemory } from "#signature/search-memory.ts";
import { writeTables } from "#signature/search-tables.ts";

function sizeOf(count: number, length: number): number {
	const memory = new SearchMemory();
	const before = memory.allocate(0);
	// Each has other octets, so that no two share a sample.
	const patterns = Array.from({ length: count }, (_, index) =>
		Buffer.alloc(length, Buffer.from(`${index.toString(36).padStart(4, "~")}#${index % 7}`)),
	);
	writeTables(memory, patterns);
	return memory.allocate(0) - before;
}

test("a pattern costs so many octets of memory", () => {
	const bits = 131_072 + 2 * 4 * 131_072;
	assert.ok(sizeOf(10_000, 16) < 10_000 * 200 + bits, String(sizeOf(10_000, 16)));
	assert.ok(sizeOf(10_000, 5) < 10_000 * 100 + bits, String(sizeOf(10_000, 5)));
	assert.ok(sizeOf(100, 2) < 100 * 100 + 2_000, String(sizeOf(100, 2)));
});

test("classes of lengths that no pattern has are not there", () => {
	const memory = new SearchMemory();
	const classes = (patterns: readonly string[]) => {
		const { filter, hasLong } = writeTables(
			memory,
			patterns.map((text) => Buffer.from(text)),
		);
		return [...memory.words.subarray(filter / 4 + 5, filter / 4 + 8)].map(Boolean).concat(hasLong);
	};
	assert.deepEqual(classes(["abcdefgh"]), [true, false, false, true]);
	assert.deepEqual(classes(["abcdefg", "abcd"]), [false, true, false, false]);
	assert.deepEqual(classes(["abc", "a"]), [false, false, true, false]);
	assert.deepEqual(classes([]), [false, false, false, false]);
});
