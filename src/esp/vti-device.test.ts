import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { netlinkFlag } from "#base/netlink.ts";
import { changeVti, decodeDevice, deleteDevice, listDevices, newVti } from "#esp/vti-device.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

const address = (...octets: readonly number[]) => ({ octets: Uint8Array.from(octets) });
const device = { name: "st0.7", mark: 0x5a13_0007, local: address(127, 0, 0, 1), remote: address(127, 157, 0, 7) };

test("a device that a kernel tells is read: name, kind and mark; what is made reads the same", () => {
	const expected = { name: "st0.7", kind: "vti", mark: 0x5a13_0007 };
	const told = decodeDevice(xfrmCapture("device"), true);
	assert.deepEqual(told.kind === "done" && told.value, expected);
	for (const isLittleEndian of [true, false]) {
		const made = decodeDevice(newVti(device, isLittleEndian).body, isLittleEndian);
		assert.deepEqual(made.kind === "done" && made.value, expected);
	}
});

test("a device is made, and then changed in place; one between addresses of IPv6 is of another kind", () => {
	assert.equal(newVti(device, true).flags & netlinkFlag.create, netlinkFlag.create);
	assert.equal(changeVti(device, true).flags, netlinkFlag.answer);
	const other = { ...device, local: address(...new Uint8Array(16)), remote: address(...new Uint8Array(16).fill(1)) };
	const decoded = decodeDevice(newVti(other, true).body, true);
	assert.equal(decoded.kind === "done" && decoded.value.kind, "vti6");
	assert.ok(Buffer.from(deleteDevice("st0.7", true).body).includes("st0.7\0"));
	assert.equal(listDevices.flags, netlinkFlag.list);
});

test("a device without link information has no kind; whatever comes, nothing is read past the end", () => {
	const plain = decodeDevice(deleteDevice("lo", true).body, true);
	assert.deepEqual(plain.kind === "done" && plain.value, { name: "lo", kind: "", mark: 0 });
	const octets = newVti(device, true).body;
	for (let end = 0; end < 16; end++) assert.equal(decodeDevice(octets.subarray(0, end), true).kind, "malformed");
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), fc.boolean(), (at, value, isLittleEndian) => {
			const changed = octets.slice();
			changed[at] = value;
			assert.notEqual(decodeDevice(changed, isLittleEndian).kind, "need-more");
		}),
	);
});
