import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainMemory } from "#base/packet-memory.ts";
import { completeChecksum, SegmentCutter } from "#esp/cut-segments.ts";
import { internetChecksum } from "#esp/header-words.ts";
import { type TcpParts, tcpChecksum, tcpPacket } from "../../test/support/tcp-packets.ts";

/** The packets that a whole one is cut into. */
function cut(whole: Uint8Array, tcpOffset: number, segment: number): readonly Uint8Array[] | undefined {
	const memory = plainMemory(200_000);
	memory.octets.set(whole, 101);
	const cutter = new SegmentCutter(memory);
	if (!cutter.begin(101, whole.length, tcpOffset, segment)) return undefined;
	const parts: Uint8Array[] = [];
	for (let octets = cutter.nextOctets; octets > 0; octets = cutter.nextOctets) {
		cutter.write(100_003);
		parts.push(memory.octets.slice(100_003, 100_003 + octets));
	}
	return parts;
}

const payload = Uint8Array.from({ length: 5_000 }, (_, index) => index * 7);
const times = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

test("a large packet becomes those that a sender would have made, IPv4 and IPv6", () => {
	for (const version of [4, 6] as const) {
		const common: Omit<TcpParts, "payload"> = { version, options: times };
		// FIN, PSH, ACK, CWR.
		const whole = tcpPacket({ ...common, flags: 0x99, sequence: 0xffff_ff00, payload });
		const parts = cut(whole, version === 4 ? 20 : 40, 1_348);
		const expected = [0, 1_348, 2_696, 4_044].map((at, index) =>
			tcpPacket({
				...common,
				sequence: (0xffff_ff00 + at) >>> 0,
				flags: index === 0 ? 0x90 : index === 3 ? 0x19 : 0x10,
				identification: 7 + index,
				payload: payload.subarray(at, at + 1_348),
			}),
		);
		assert.deepEqual(parts, expected);
	}
});

test("whatever the sizes, the payload stays and the checksums are right", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 1_500 }), (octets, segment) => {
			const parts = cut(tcpPacket({ payload: payload.subarray(0, octets) }), 20, segment) ?? [];
			assert.deepEqual(Buffer.concat(parts.map((part) => part.subarray(40))), Buffer.from(payload.subarray(0, octets)));
			assert.ok(parts.every((part) => tcpChecksum(part) === 0 && internetChecksum(part.subarray(0, 20)) === 0));
		}),
	);
});

test("what is no such packet is not cut, and no octets make it throw", () => {
	const whole = tcpPacket({ payload });
	assert.equal(cut(whole, 20, 0), undefined);
	assert.equal(cut(whole.subarray(0, 40), 20, 100), undefined);
	assert.equal(cut(whole, 60_000, 100), undefined);
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(120), fc.nat(50), (octets, offset, segment) => {
			cut(octets, offset, segment);
		}),
	);
});

test("a checksum that was left to be completed is; one that does not lie in the packet is not", () => {
	const right = tcpPacket({ payload });
	const memory = plainMemory(10_000);
	const partial = Uint8Array.from(right);
	// The sum of the pseudo-header stands in its place.
	let pseudo = 6 + right.length - 20;
	for (let at = 12; at < 20; at += 2) pseudo += ((right[at] as number) << 8) | (right[at + 1] as number);
	partial.set([(pseudo >> 8) & 0xff, pseudo & 0xff], 36);
	memory.octets.set(partial, 9);
	assert.ok(completeChecksum(memory.view, 9, right.length, 20, 16));
	assert.deepEqual(memory.octets.slice(9, 9 + right.length), right);
	assert.ok(!completeChecksum(memory.view, 9, right.length, right.length - 4, 16));
});
