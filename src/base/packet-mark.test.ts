import assert from "node:assert/strict";
import { test } from "node:test";
import { divertMark, isTunnelMark, ownMarkOf, tunnelMarkOf } from "#base/packet-mark.ts";

test("the mark of own connections differs by chance and is never that of taken packets", () => {
	assert.deepEqual([ownMarkOf(0), ownMarkOf(0xffff), ownMarkOf(0x1_0001)], [0x5a12_0000, 0x5a12_ffff, 0x5a12_0001]);
	assert.equal(divertMark >> 16 === ownMarkOf(1) >> 16, false);
});

test("marks of tunnel interfaces are known by themselves", () => {
	assert.deepEqual([tunnelMarkOf(0), tunnelMarkOf(0xffff)].map(isTunnelMark), [true, true]);
	assert.deepEqual([divertMark, ownMarkOf(9), 0, tunnelMarkOf(0) - 1].map(isTunnelMark), [false, false, false, false]);
});
