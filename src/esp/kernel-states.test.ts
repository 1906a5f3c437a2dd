import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaneAssociation } from "#esp/data-plane.ts";
import { stateIds, statePair } from "#esp/kernel-states.ts";

const address = (last: number) => ({ octets: Uint8Array.of(192, 0, 2, last) });
const cipher = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const keys = (octet: number) => ({ encryption: new Uint8Array(20).fill(octet), integrity: new Uint8Array(0) });
const path = {
	local: { address: address(1), port: 4_500 },
	remote: { address: address(2), port: 1_024 },
	isEncapsulated: true,
};
const binding = { mark: { value: 7, mask: 255 }, requestId: 3, dfBit: "copy" } as const;
const association = (more: Partial<PlaneAssociation> = {}): PlaneAssociation => ({
	vpn: "v",
	inboundSpi: 1,
	outboundSpi: 2,
	algorithms: { cipher, hasExtendedSequenceNumbers: false },
	inboundKeys: keys(1),
	outboundKeys: keys(2),
	path,
	replayWindow: 64,
	localSelectors: [],
	remoteSelectors: [],
	...more,
});

test("B44, B45: each direction has its keys, ends and ports; only what comes in has a window, only what goes out a mark", () => {
	const pair = statePair(association(), path, binding);
	assert.ok(pair !== undefined);
	const { inbound, outbound } = pair;
	assert.deepEqual([inbound.source, inbound.destination, inbound.spi], [address(2), address(1), 1]);
	assert.deepEqual([outbound.source, outbound.destination, outbound.spi], [address(1), address(2), 2]);
	assert.deepEqual([inbound.algorithms[0]?.key[0], outbound.algorithms[0]?.key[0]], [1, 2]);
	assert.deepEqual(inbound.encapsulation, { sourcePort: 1_024, destinationPort: 4_500 });
	assert.deepEqual(outbound.encapsulation, { sourcePort: 4_500, destinationPort: 1_024 });
	assert.deepEqual([inbound.replayWindow, outbound.replayWindow], [64, 0]);
	assert.deepEqual([inbound.mark, outbound.mark], [undefined, binding.mark]);
	assert.ok(inbound.copiesDfBit && outbound.copiesDfBit);
	assert.deepEqual(stateIds(association(), path, binding.mark).outbound, {
		destination: address(2),
		spi: 2,
		mark: binding.mark,
	});
});

test("B7: limits of octets, of sequence numbers where they are short, and of time for the day when nobody is there", () => {
	const limits = statePair(association({ maxOctets: 1_000, lifetime: 10_500 }), path, binding)?.outbound.limits;
	assert.deepEqual(limits, {
		softOctets: 800n,
		hardOctets: 1_000n,
		softPackets: 3_865_470_565n,
		hardPackets: 4_294_967_295n,
		hardSeconds: 71n,
	});
	const extended = { algorithms: { cipher, hasExtendedSequenceNumbers: true }, replayWindow: 0 };
	const pair = statePair(association(extended), { ...path, isEncapsulated: false }, binding);
	assert.deepEqual(pair?.inbound.limits, {});
	// The kernel has no extended numbers without a window.
	assert.deepEqual([pair?.inbound.replayWindow, pair?.outbound.replayWindow], [1, 1]);
	assert.equal(pair?.inbound.encapsulation, undefined);
});

test("an algorithm without a name in the kernel makes no association; numbers of before are taken along", () => {
	const algorithms = { cipher: { ...cipher, engine: "rot13" }, hasExtendedSequenceNumbers: false };
	assert.equal(statePair(association({ algorithms }), path, binding), undefined);
	const [inbound, outbound] = [Uint8Array.of(1), Uint8Array.of(2)];
	const pair = statePair(association(), path, binding, { inbound, outbound });
	assert.deepEqual([pair?.inbound.replay, pair?.outbound.replay], [inbound, outbound]);
});
