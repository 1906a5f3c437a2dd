import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clampMss as clamp } from "#esp/clamp-mss.ts";
import { InnerPacket } from "#esp/inner-packet.ts";

function clampMss(packet: Uint8Array, limit: number): boolean {
	const inner = new InnerPacket();
	return inner.read(packet, 0, packet.length) && clamp(packet, inner, 0, limit);
}

/** A SYN of IPv4 with these options, its checksum right. */
function syn(options: readonly number[], flags = 0x02): Uint8Array {
	const header = 20 + options.length;
	const packet = new Uint8Array(20 + header);
	packet.set([0x45, 0, 0, packet.length, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1]);
	packet.set(
		[0x12, 0x34, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, (header / 4) << 4, flags, 0xff, 0xff, 0, 0, 0, 0, ...options],
		20,
	);
	const sum = checksum(packet);
	packet.set([sum >> 8, sum & 0xff], 36);
	return packet;
}

/** The checksum of TCP with its pseudo-header; zero over a packet whose checksum is right. */
function checksum(packet: Uint8Array): number {
	const length = packet.length - 20;
	const words = [...packet.subarray(12, 20), 0, 6, length >> 8, length & 0xff, ...packet.subarray(20)];
	let sum = 0;
	for (let at = 0; at < words.length; at += 2) sum += ((words[at] ?? 0) << 8) | (words[at + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}

test("B55: the MSS of a SYN is lowered, at an even or odd place, and the checksum stays right", () => {
	for (const options of [
		[2, 4, 0x05, 0xb4],
		[1, 2, 4, 0x05, 0xb4, 0, 0, 0],
		[1, 1, 1, 2, 4, 0x05, 0xb4, 0],
	]) {
		const packet = syn(options);
		assert.equal(checksum(packet), 0);
		assert.ok(clampMss(packet, 1_320));
		assert.equal(checksum(packet), 0);
		assert.ok(Buffer.from(packet).includes(Buffer.from("02040528", "hex")));
	}
});

test("B55: a smaller MSS, a SYN without one, another packet and a later fragment stay as they are", () => {
	for (const packet of [syn([2, 4, 0x02, 0x18]), syn([1, 1, 1, 0]), syn([2, 4, 0x05, 0xb4], 0x10)]) {
		const before = Uint8Array.from(packet);
		assert.ok(!clampMss(packet, 1_320));
		assert.deepEqual(packet, before);
	}
	const fragment = syn([2, 4, 0x05, 0xb4]);
	fragment[7] = 1;
	assert.ok(!clampMss(fragment, 1_320));
});

test("B55: TCP over IPv6 is clamped too", () => {
	const four = syn([2, 4, 0x05, 0xb4]);
	const six = new Uint8Array(40 + four.length - 20);
	six.set([0x60, 0, 0, 0, 0, four.length - 20, 6, 64]);
	six.set(four.subarray(20), 40);
	assert.ok(clampMss(six, 1_320));
	assert.deepEqual([...six.subarray(62, 64)], [0x05, 0x28]);
});

test("no octets make it throw or grow", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.constantFrom(0x45, 0x4f, 0x60), (packet, first) => {
			packet[0] = first;
			if (packet.length > 9) packet[9] = 6;
			clampMss(packet, 100);
		}),
	);
});
