import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelRefusal } from "#esp/kernel-probe.ts";
import { xfrmType } from "#esp/xfrm-structures.ts";
import { MemoryKernel } from "../../test/support/memory-kernel.ts";

test("a kernel is asked by what tunnels are made of; nothing of it stays", () => {
	const kernel = new MemoryKernel();
	assert.equal(kernelRefusal(kernel, new Uint8Array(20)), undefined);
	assert.deepEqual([kernel.states.size, kernel.devices.size], [0, 0]);
	assert.deepEqual(kernel.asked, [xfrmType.newState, xfrmType.deleteState, -16, -17]);
});

test("what a kernel lacks is told by the name of its error", () => {
	const kernel = new MemoryKernel();
	kernel.refuse = { type: xfrmType.newState, errorNumber: 93 };
	assert.equal(kernelRefusal(kernel, new Uint8Array(20)), "it makes no association of ESP: EPROTONOSUPPORT");
	kernel.refuse = { type: -16, errorNumber: 95 };
	assert.equal(kernelRefusal(kernel, new Uint8Array(20)), "it makes no tunnel device (VTI): no room (EOPNOTSUPP)");
});
