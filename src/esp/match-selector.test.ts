import assert from "node:assert/strict";
import { test } from "node:test";
import { InnerPacket } from "#esp/inner-packet.ts";
import { type EspSelectors, mayComeIn, mayGoOut as mayGo } from "#esp/match-selector.ts";

const selector = (first: readonly number[], last: readonly number[], more = {}) => ({
	protocol: 0,
	firstPort: 0,
	lastPort: 65_535,
	first: Uint8Array.from(first),
	last: Uint8Array.from(last),
	...more,
});
const selectors = {
	localSelectors: [selector([10, 1, 0, 0], [10, 1, 255, 255])],
	remoteSelectors: [selector([10, 2, 0, 0], [10, 2, 255, 255])],
};
interface Sample {
	readonly memory: Uint8Array;
	readonly inner: InnerPacket;
}

/** Of TCP, from port 1,000 to 443. */
function packet(source: readonly number[], destination: readonly number[], more: Partial<InnerPacket> = {}): Sample {
	const inner = Object.assign(new InnerPacket(), {
		sourceAt: 12,
		destinationAt: 12 + source.length,
		addressOctets: source.length,
		protocol: 6,
		sourcePort: 1_000,
		destinationPort: 443,
		...more,
	});
	return { memory: Uint8Array.from([...new Array(12).fill(0), ...source, ...destination]), inner };
}
const mayGoOut = (ranges: EspSelectors, { memory, inner }: Sample) => mayGo(ranges, memory, inner);
const comesIn = (ranges: EspSelectors, { memory, inner }: Sample) => mayComeIn(ranges, memory, inner);

test("B4: what goes from the local to the remote side may go out, and only that; what comes in is the other way round", () => {
	const out = packet([10, 1, 2, 3], [10, 2, 3, 4]);
	const back = packet([10, 2, 3, 4], [10, 1, 2, 3]);
	assert.deepEqual([mayGoOut(selectors, out), comesIn(selectors, out)], [true, false]);
	assert.deepEqual([mayGoOut(selectors, back), comesIn(selectors, back)], [false, true]);
	for (const [source, destination] of [
		[
			[10, 0, 255, 255],
			[10, 2, 0, 0],
		],
		[
			[10, 2, 0, 0],
			[10, 2, 0, 0],
		],
		[
			[10, 1, 0, 0],
			[10, 3, 0, 0],
		],
	] as const)
		assert.ok(!mayGoOut(selectors, packet(source, destination)));
});

test("the ends of ranges belong to them; protocol and ports must fit as well", () => {
	assert.ok(mayGoOut(selectors, packet([10, 1, 0, 0], [10, 2, 255, 255])));
	const web = {
		...selectors,
		remoteSelectors: [selector([10, 2, 0, 0], [10, 2, 255, 255], { protocol: 6, firstPort: 443, lastPort: 443 })],
	};
	assert.ok(mayGoOut(web, packet([10, 1, 0, 1], [10, 2, 0, 1])));
	assert.ok(!mayGoOut(web, packet([10, 1, 0, 1], [10, 2, 0, 1], { destinationPort: 80 })));
	assert.ok(!mayGoOut(web, packet([10, 1, 0, 1], [10, 2, 0, 1], { protocol: 17 })));
});

test("another family never fits", () => {
	const six = packet(new Array(16).fill(10), new Array(16).fill(10));
	assert.ok(!mayGoOut(selectors, six) && !comesIn(selectors, six));
});
