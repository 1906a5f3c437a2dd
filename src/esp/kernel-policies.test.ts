import assert from "node:assert/strict";
import { test } from "node:test";
import { areKernelSelectors, type PolicyBinding, selectorsKey, wantedPolicies } from "#esp/kernel-policies.ts";

const selector = (
	first: readonly number[],
	last: readonly number[],
	protocol = 0,
	ports: readonly [number, number] = [0, 65_535],
) => ({
	protocol,
	firstPort: ports[0],
	lastPort: ports[1],
	first: Uint8Array.from(first),
	last: Uint8Array.from(last),
});
const all4 = selector([0, 0, 0, 0], [255, 255, 255, 255]);
const all6 = selector(new Array(16).fill(0), new Array(16).fill(255));
const binding = (requestId: number, more: Partial<PolicyBinding> = {}): PolicyBinding => ({
	mark: { value: 7, mask: 0xffff_ffff },
	requestId,
	local: { octets: Uint8Array.of(192, 0, 2, 1) },
	remote: { octets: Uint8Array.of(192, 0, 2, 2) },
	localSelectors: [all4],
	remoteSelectors: [all4],
	...more,
});
const texts = (vpns: readonly PolicyBinding[], associations: readonly PolicyBinding[]) =>
	[...wantedPolicies(vpns, associations).values()].map(
		({ direction, priority, requestId, source }) =>
			`${direction} ${priority} ${requestId} from ${source.octets.join(".")}`,
	);

test("B32: a VPN lets its packets ask; an association takes its place for the same packets, and admits what comes in", () => {
	assert.deepEqual(texts([binding(1)], []), ["out 2000 1 from 192.0.2.1"]);
	assert.deepEqual(texts([binding(1)], [binding(1), binding(2)]), [
		"out 1000 2 from 192.0.2.1",
		"in 1000 2 from 192.0.2.2",
	]);
});

test("families and protocols that do not go together make no policy; a protocol of one side is that of both", () => {
	const both = binding(1, { localSelectors: [all4, all6], remoteSelectors: [all6, all4] });
	assert.equal(texts([both], []).length, 2);
	const tcp = selector([10, 0, 0, 0], [10, 0, 0, 255], 6, [80, 80]);
	const udp = selector([10, 0, 0, 0], [10, 0, 0, 255], 17);
	assert.equal(texts([binding(1, { localSelectors: [tcp], remoteSelectors: [udp] })], []).length, 0);
	const [policy] = wantedPolicies([binding(1, { remoteSelectors: [tcp] })], []).values();
	assert.deepEqual(
		[policy?.selector.source.protocol, policy?.selector.destination.protocol, policy?.selector.destination.port],
		[6, 6, 80],
	);
});

test("selectors that are too many for the kernel are told; a text tells one from another", () => {
	const odd = selector([0, 0, 0, 1], [255, 255, 255, 254], 0, [1, 65_534]);
	const wide = selector([0, 0, 0, 1], [255, 255, 255, 254]);
	assert.ok(areKernelSelectors(binding(1)));
	assert.ok(!areKernelSelectors(binding(1, { localSelectors: [odd] })));
	// 62 prefixes on each side would be 3,844 policies.
	assert.ok(!areKernelSelectors(binding(1, { localSelectors: [wide], remoteSelectors: [wide] })));
	assert.notEqual(selectorsKey(binding(1)), selectorsKey(binding(1, { localSelectors: [wide] })));
	assert.equal(selectorsKey(binding(1)), selectorsKey(binding(2)));
});
