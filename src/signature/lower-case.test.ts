import assert from "node:assert/strict";
import { test } from "node:test";
import { lowerCase } from "#signature/lower-case.ts";

test("only ASCII letters change", () => {
	const all = Uint8Array.from({ length: 256 }, (_, index) => index);
	const lower = lowerCase(all, Buffer.alloc(300));
	assert.equal(lower.length, 256);
	assert.equal(lower.toString("latin1", 0, 128), Buffer.from(all).toString("latin1", 0, 128).toLowerCase());
	assert.deepEqual(lower.subarray(128), Buffer.from(all.subarray(128)));
});
