import assert from "node:assert/strict";
import { test } from "node:test";
import { maxSearched, SearchMemory, searchedAt } from "#signature/search-memory.ts";

test("tables lie apart, behind what is searched, and keep their octets when the memory grows", () => {
	const memory = new SearchMemory();
	const first = memory.allocate(5);
	memory.octets.set([1, 2, 3, 4, 5], first);
	const second = memory.allocate(1_000_000);
	assert.ok(first >= searchedAt + maxSearched + 16);
	assert.deepEqual([first % 16, second % 16, second - first], [0, 0, 16]);
	assert.deepEqual([...memory.octets.subarray(first, first + 6)], [1, 2, 3, 4, 5, 0]);
	assert.equal(memory.words.buffer, memory.octets.buffer);
	assert.ok(memory.octets.length >= second + 1_000_000);
});

test("memories of several engines are apart", () => {
	const [one, other] = [new SearchMemory(), new SearchMemory()];
	const address = one.allocate(4);
	assert.equal(other.allocate(4), address);
	one.octets[address] = 9;
	assert.equal(other.octets[address], 0);
});
