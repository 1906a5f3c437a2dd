import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { internetChecksum, writeU16 } from "#esp/header-words.ts";
import { flowLabelOf, hasDfBit, mayFragment, takeCongestion, trafficClassOf } from "#esp/outer-header.ts";

function header4(trafficClass: number, flags = 0): Uint8Array {
	const packet = Uint8Array.of(0x45, trafficClass, 0, 20, 0, 0, flags, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1);
	writeU16(packet, 10, internetChecksum(packet));
	return packet;
}

function header6(trafficClass: number, flowLabel = 0): Uint8Array {
	const packet = new Uint8Array(40);
	new DataView(packet.buffer).setUint32(0, 0x6000_0000 + trafficClass * 0x10_0000 + flowLabel);
	return packet;
}

const octet = fc.nat(0xff);

test("B42: DS field, ECN and flow label of the outer header are those of the packet within", () => {
	fc.assert(
		fc.property(octet, fc.nat(0xf_ffff), (trafficClass, flowLabel) => {
			const [four, six] = [header4(trafficClass), header6(trafficClass, flowLabel)];
			assert.deepEqual([trafficClassOf(four, 0), flowLabelOf(four, 0)], [trafficClass, 0]);
			assert.deepEqual([trafficClassOf(six, 0), flowLabelOf(six, 0)], [trafficClass, flowLabel]);
		}),
	);
});

test("B56: df-bit: cleared, set, or that of the packet within, where IPv6 has it always", () => {
	const [may, mayNot, six] = [header4(0), header4(0, 0x40), header6(0)];
	const fragmented = (dfBit: "clear" | "set" | "copy") =>
		[may, mayNot, six].map((packet) => mayFragment(packet, 0, dfBit));
	assert.deepEqual(fragmented("clear"), [true, true, true]);
	assert.deepEqual(fragmented("set"), [false, false, false]);
	assert.deepEqual(fragmented("copy"), [true, false, false]);
	assert.deepEqual(
		[may, mayNot, six].map((packet) => hasDfBit(packet, 0)),
		[false, true, true],
	);
});

test("B42: congestion of the outer header is taken over as the table of RFC 6040 says", () => {
	const [no, one, zero, marked, dropped] = [0, 1, 2, 3, undefined];
	// By what the packet within has; in each by the outer header: 0, ECT(1), ECT(0), CE.
	const expected = [
		[no, no, no, dropped],
		[one, one, one, marked],
		[zero, one, zero, marked],
		[marked, marked, marked, marked],
	];
	for (const make of [header4, header6])
		for (const [own, row] of expected.entries())
			for (const [outer, wanted] of row.entries()) {
				const packet = make(0xb8 | own);
				const isKept = takeCongestion(packet, 0, 0x40 | outer);
				assert.deepEqual(
					isKept ? trafficClassOf(packet, 0) : undefined,
					wanted === undefined ? undefined : 0xb8 | wanted,
				);
			}
});

test("B42: the DS field and all else stay as they were, and the checksum stays right", () => {
	fc.assert(
		fc.property(octet, octet, fc.nat(0xf_ffff), (inner, outer, flowLabel) => {
			const [four, six] = [header4(inner), header6(inner, flowLabel)];
			takeCongestion(four, 0, outer);
			takeCongestion(six, 0, outer);
			assert.equal(internetChecksum(four), 0);
			assert.deepEqual([trafficClassOf(four, 0) >> 2, trafficClassOf(six, 0) >> 2], [inner >> 2, inner >> 2]);
			assert.deepEqual(six, header6(trafficClassOf(six, 0), flowLabel));
			assert.deepEqual(four, header4(trafficClassOf(four, 0)));
		}),
	);
});
