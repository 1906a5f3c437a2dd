import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	decodePolicy,
	deletePolicy,
	listPolicies,
	policyOctets,
	putPolicy,
	type XfrmPolicy,
} from "#esp/xfrm-policy.ts";
import { xfrmType } from "#esp/xfrm-structures.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

const address = (...octets: readonly number[]) => ({ octets: Uint8Array.from(octets) });
const any = { address: { octets: new Uint8Array(4), length: 0 }, protocol: 0, port: 0, portMask: 0 };
const policy: XfrmPolicy = {
	direction: "out",
	selector: { source: any, destination: any },
	mark: { value: 0x5a13_0007, mask: 0xffff_ffff },
	priority: 1_000,
	source: address(192, 0, 2, 1),
	destination: address(192, 0, 2, 2),
	requestId: 0x5a14_0000,
};

test("policies that a kernel tells are read, and those that are made are such", () => {
	const told = (["policy0", "policy1"] as const).map((name) => {
		const decoded = decodePolicy(xfrmCapture(name), true);
		assert.ok(decoded.kind === "done");
		return decoded.value;
	});
	assert.deepEqual(told.map(({ direction }) => direction).sort(), ["in", "out"]);
	for (const { mark, selector } of told) {
		assert.equal(mark, policy.mark.value);
		assert.deepEqual([selector.source.address.length, selector.source.address.octets.length], [0, 4]);
	}
	const { body, type } = putPolicy(policy, true);
	assert.equal(type, xfrmType.updatePolicy);
	const own = decodePolicy(body, true);
	assert.deepEqual(own.kind === "done" && own.value.direction, "out");
	const out = xfrmCapture(told[0]?.direction === "out" ? "policy0" : "policy1");
	// Selector, limits of octets and packets, priority; index and use are the kernel's.
	assert.deepEqual(body.subarray(0, 88), out.subarray(0, 88));
	assert.deepEqual(body.subarray(152, 156), out.subarray(152, 156));
	// Ends, protocol, number and mode of the template.
	const template = (octets: Uint8Array) =>
		Buffer.from(octets)
			.toString("hex")
			.match(/44000500(.{128})/)?.[1];
	assert.equal(template(body), template(out));
});

test("a policy is deleted by selector, direction and mark", () => {
	const { body } = deletePolicy({ ...policy, direction: "in" }, true);
	assert.deepEqual([body[60], body.length], [0, 64 + 12]);
	assert.equal(deletePolicy(policy, true).body[60], 1);
	assert.equal(listPolicies.body.length, 0);
});

test("what is shorter or of another family is malformed; nothing is read past the end", () => {
	const octets = xfrmCapture("policy0");
	for (let end = 0; end < policyOctets; end++)
		assert.equal(decodePolicy(octets.subarray(0, end), true).kind, "malformed");
	assert.equal(decodePolicy(new Uint8Array(policyOctets), true).kind, "malformed");
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), fc.boolean(), (at, value, isLittleEndian) => {
			const changed = octets.slice();
			changed[at] = value;
			assert.notEqual(decodePolicy(changed, isLittleEndian).kind, "need-more");
		}),
	);
});
