import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { internetChecksum, u16, writeU16 } from "#esp/header-words.ts";
import { InnerPacket } from "#esp/inner-packet.ts";
import { fragments4, tooLargeAnswer } from "#esp/too-large.ts";

interface Parts {
	readonly flags?: number;
	readonly protocol?: number;
	readonly source?: readonly number[];
	readonly contents?: readonly number[];
}

function packet4(octets: number, { flags = 0x40, protocol = 17, source = [10, 1, 0, 1], contents = [] }: Parts = {}) {
	const packet = new Uint8Array(octets).map((_, at) => at);
	packet.set([0x45, 0, octets >> 8, octets & 0xff, 0, 7, flags, 0, 64, protocol, 0, 0, ...source, 10, 2, 0, 1]);
	packet.set(contents, 20);
	writeU16(packet, 10, internetChecksum(packet.subarray(0, 20)));
	return packet;
}

function isPacket(octets: Uint8Array): boolean {
	return new InnerPacket().read(octets, 0, octets.length);
}

function packet6(octets: number): Uint8Array {
	const packet = new Uint8Array(octets);
	packet.set([0x60, 0, 0, 0, (octets - 40) >> 8, (octets - 40) & 0xff, 17, 64, 0xfd, 1]);
	packet[23] = 1;
	packet.set([0xfd, 2], 24);
	packet[39] = 2;
	return packet;
}

test("a packet of IPv4 that may not be fragmented is answered with the MTU, as from where it was going", () => {
	const packet = packet4(1_400);
	const answer = tooLargeAnswer(packet, 1_300) ?? new Uint8Array(0);
	assert.ok(isPacket(answer));
	assert.deepEqual([...answer.subarray(12, 22)], [10, 2, 0, 1, 10, 1, 0, 1, 3, 4]);
	assert.deepEqual([u16(answer, 26), answer.length], [1_300, 56]);
	assert.deepEqual(answer.subarray(28), packet.subarray(0, 28));
	assert.deepEqual([internetChecksum(answer.subarray(0, 20)), internetChecksum(answer.subarray(20))], [0, 0]);
});

test("nobody is told of an error of ICMP, of a later fragment, from or to no single host, without the DF bit", () => {
	for (const packet of [
		packet4(1_400, { protocol: 1, contents: [3] }),
		packet4(1_400, { protocol: 1, contents: [11] }),
		packet4(1_400, { flags: 0x41 }),
		packet4(1_400, { source: [0, 0, 0, 0] }),
		packet4(1_400, { source: [224, 0, 0, 1] }),
		packet4(1_400, { flags: 0 }),
	])
		assert.equal(tooLargeAnswer(packet, 1_300), undefined);
	assert.notEqual(tooLargeAnswer(packet4(1_400, { protocol: 1, contents: [8] }), 1_300), undefined);
});

test("a packet of IPv6 is answered with at most 1,280 octets; never with less than every link carries, nor to nobody", () => {
	const packet = packet6(1_400);
	const answer = tooLargeAnswer(packet, 1_300) ?? new Uint8Array(0);
	assert.equal(answer.length, 1_280);
	assert.deepEqual([answer[6], answer[40], u16(answer, 46)], [58, 2, 1_300]);
	assert.deepEqual(
		[answer.subarray(8, 24), answer.subarray(24, 40)],
		[packet.subarray(24, 40), packet.subarray(8, 24)],
	);
	const pseudo = Uint8Array.of(...answer.subarray(8, 40), 0, 0, 4, 1_240 & 0xff, 0, 0, 0, 58);
	assert.equal(internetChecksum(Uint8Array.of(...pseudo, ...answer.subarray(40))), 0);
	assert.equal(tooLargeAnswer(packet, 1_279), undefined);
	assert.equal(tooLargeAnswer(packet.fill(0, 8, 24), 1_300), undefined);
});

test("a packet of IPv4 that may be fragmented is cut; the fragments make it again", () => {
	fc.assert(
		fc.property(fc.integer({ min: 29, max: 4_000 }), fc.integer({ min: 68, max: 1_500 }), (octets, mtu) => {
			const packet = packet4(octets, { flags: 0 });
			const parts = fragments4(packet, mtu) ?? [];
			const whole = new Uint8Array(octets);
			whole.set(packet.subarray(0, 20));
			for (const [at, part] of parts.entries()) {
				assert.ok(part.length <= mtu && part.length === u16(part, 2));
				assert.equal(internetChecksum(part.subarray(0, 20)), 0);
				assert.equal((u16(part, 6) & 0x2000) !== 0, at < parts.length - 1);
				whole.set(part.subarray(20), 20 + (u16(part, 6) & 0x1fff) * 8);
			}
			assert.deepEqual(whole, packet);
		}),
	);
});

test("a fragment is cut into fragments of the same packet; what may not or cannot be cut is not", () => {
	const middle = packet4(1_000, { flags: 0x20 });
	middle[7] = 100;
	const parts = fragments4(middle, 600) ?? [];
	assert.deepEqual(
		parts.map((part) => u16(part, 6)),
		[0x2000 | 100, 0x2000 | 172],
	);
	for (const packet of [packet4(1_000), packet6(1_400)]) assert.equal(fragments4(packet, 600), undefined);
	assert.equal(fragments4(packet4(1_000, { flags: 0 }), 27), undefined);
});

test("no octets make them throw", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 20, maxLength: 90 }), fc.nat(1_500), (packet, mtu) => {
			if (!isPacket(packet)) packet[0] = 0x45;
			fragments4(packet, mtu);
			tooLargeAnswer(packet, mtu);
		}),
	);
});
