import assert from "node:assert/strict";
import { test } from "node:test";
import { plainMemory } from "#base/packet-memory.ts";

test("octets and words are of the same memory", () => {
	const memory = plainMemory(16);
	memory.view.setUint16(4, 0x4500);
	assert.deepEqual([memory.octets.length, memory.octets[4], memory.address], [16, 0x45, 0]);
});
