import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainMemory } from "#base/packet-memory.ts";
import { SegmentCutter } from "#esp/cut-segments.ts";
import { SegmentMerger } from "#esp/merge-segments.ts";
import { type TcpParts, tcpPacket } from "../../test/support/tcp-packets.ts";

/** How many of the packets were merged to the first, and what the whole stands for when it is cut again. */
function merge(packets: readonly Uint8Array[]) {
	const memory = plainMemory(200_000);
	const merger = new SegmentMerger(memory);
	let at = 50;
	for (const [index, packet] of packets.entries()) {
		memory.octets.set(packet, at);
		if (!(index === 0 ? merger.begin(at, packet.length) : merger.append(at, packet.length))) break;
		at += packet.length + 30;
	}
	const { count } = merger;
	if (count < 2) return { count, again: [] };
	merger.finish();
	const parts = Array.from({ length: count }, (_, index) => {
		const place = merger.places[index] as number;
		return memory.octets.slice(place, place + (merger.lengths[index] as number));
	});
	const whole = Buffer.concat(parts);
	memory.octets.set(whole, 80_000);
	const cutter = new SegmentCutter(memory);
	assert.ok(cutter.begin(80_000, whole.length, merger.tcpOffset, merger.segment));
	const again: Uint8Array[] = [];
	for (let octets = cutter.nextOctets; octets > 0; octets = cutter.nextOctets) {
		cutter.write(180_000);
		again.push(memory.octets.slice(180_000, 180_000 + octets));
	}
	return { count, again };
}

const body = (octets: number, first = 1) => new Uint8Array(octets).fill(first);
/** One after the other, of these sizes. */
const flow = (sizes: readonly number[], parts: Omit<TcpParts, "payload"> = {}) => {
	let sequence = 0xffff_f000;
	return sizes.map((octets, index) => {
		const packet = tcpPacket({ ...parts, sequence, identification: 7 + index, payload: body(octets, index + 1) });
		sequence = (sequence + octets) >>> 0;
		return packet;
	});
};

test("packets that follow each other become one, which stands for just these packets, IPv4 and IPv6", () => {
	for (const version of [4, 6] as const) {
		const packets = flow([1_348, 1_348, 1_348, 500], { version, options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] });
		const { count, again } = merge(packets);
		assert.equal(count, 4);
		assert.deepEqual(again, packets);
	}
});

test("a run ends with a shorter packet, with one that is pushed, and before it is too large", () => {
	assert.equal(merge(flow([1_000, 600, 600])).count, 2);
	assert.equal(merge(flow([600, 1_000])).count, 1);
	const [first, , third] = flow([900, 900, 900]) as [Uint8Array, Uint8Array, Uint8Array];
	const pushed = tcpPacket({ flags: 0x18, sequence: 0xffff_f000 + 900, identification: 8, payload: body(900, 2) });
	const { count, again } = merge([first, pushed, third]);
	assert.deepEqual([count, again[1]], [2, pushed]);
	assert.equal(merge(flow(new Array(60).fill(1_400))).count, 46);
	assert.equal(merge(flow(new Array(70).fill(100))).count, 64);
});

test("nothing else is merged: other flows, gaps, flags, options, DS fields; a wrong checksum, of either packet", () => {
	const second: TcpParts = { sequence: 1_900, identification: 8, payload: body(900) };
	const first = tcpPacket({ sequence: 1_000, payload: body(900) });
	assert.equal(merge([first, tcpPacket(second)]).count, 2);
	for (const other of [
		{ port: 81 },
		{ sequence: 1_901 },
		{ sequence: 1_000 },
		{ flags: 0x11 },
		{ flags: 0x50 },
		{ options: [1, 1, 1, 1] },
		{ trafficClass: 1 },
		{ mayBeFragmented: true },
		{ version: 6 as const },
		{ payload: body(0) },
	])
		assert.equal(merge([first, tcpPacket({ ...second, ...other })]).count, 1, JSON.stringify(other));
	for (const damaged of [0, 1]) {
		const packets = [first, tcpPacket(second)].map((packet) => Uint8Array.from(packet));
		const one = packets[damaged] as Uint8Array;
		one[one.length - 1] = (one[one.length - 1] as number) ^ 1;
		assert.equal(merge(packets).count, 1);
	}
	for (const flags of [0x02, 0x11, 0x14, 0x30]) assert.equal(merge([tcpPacket({ flags, payload: body(9) })]).count, 0);
	assert.equal(merge([tcpPacket({ payload: body(0) })]).count, 0);
});

test("packets without the DF bit are merged only while they are numbered one by one", () => {
	const first = tcpPacket({ mayBeFragmented: true, payload: body(100) });
	const next = (identification: number) =>
		tcpPacket({ mayBeFragmented: true, sequence: 1_100, identification, payload: body(100) });
	assert.deepEqual([merge([first, next(8)]).count, merge([first, next(7)]).count], [2, 1]);
});

test("no octets make it throw", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.constantFrom(0x45, 0x46, 0x60), (octets, first) => {
			octets[0] = first;
			if (octets.length > 9) octets[first === 0x60 ? 6 : 9] = 6;
			merge([octets, octets]);
			merge([tcpPacket({ payload: body(20) }), octets]);
		}),
	);
});
