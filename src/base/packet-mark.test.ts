import assert from "node:assert/strict";
import { test } from "node:test";
import { divertMark, ownMarkOf } from "#base/packet-mark.ts";

test("the mark of own connections differs by chance and is never that of taken packets", () => {
	assert.deepEqual([ownMarkOf(0), ownMarkOf(0xffff), ownMarkOf(0x1_0001)], [0x5a12_0000, 0x5a12_ffff, 0x5a12_0001]);
	assert.equal(divertMark >> 16 === ownMarkOf(1) >> 16, false);
});
