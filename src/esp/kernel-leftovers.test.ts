import assert from "node:assert/strict";
import { test } from "node:test";
import { clearLeftovers } from "#esp/kernel-leftovers.ts";
import { deleteDevice, newVti } from "#esp/vti-device.ts";
import { MemoryKernel } from "../../test/support/memory-kernel.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

test("what a killed process left is taken away, and nothing else", () => {
	const kernel = new MemoryKernel();
	const other = xfrmCapture("inbound");
	new DataView(other.buffer).setUint32(208, 1, true);
	for (const octets of [xfrmCapture("inbound"), xfrmCapture("outbound"), other.with(75, 0x77)])
		kernel.states.set(new DataView(octets.buffer).getUint32(72), octets);
	for (const [index, name] of (["policy0", "policy1"] as const).entries()) {
		// As it was made: the kernel has added to it since.
		kernel.xfrm({ type: 0x19, flags: 0, body: xfrmCapture(name) });
		assert.equal(kernel.policies.size, index + 1);
	}
	const address = { octets: Uint8Array.of(127, 0, 0, 1) };
	kernel.route(newVti({ name: "st0.7", mark: 0x5a13_0007, local: address, remote: address }, true));
	kernel.route(newVti({ name: "vti9", mark: 42, local: address, remote: address }, true));
	assert.equal(clearLeftovers(kernel), 5);
	assert.deepEqual([[...kernel.states.keys()], kernel.policies.size], [[0x1234_5677], 0]);
	assert.deepEqual([...kernel.devices.keys()], ["vti9"]);
	assert.equal(clearLeftovers(kernel), 0);
	assert.equal(kernel.route(deleteDevice("vti9", true)).errorNumber, 0);
});
