import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { readCapture } from "#capture/capture-file.ts";
import { type CaptureEnds, encodeCapture } from "#capture/encode-capture.ts";
import { decodeSegment } from "#capture/packet.ts";

const end = (address: string, port: number) => ({ address: parseAddress(address) as Address, port });
const ends = (client: string, server: string, transport: "tcp" | "udp" = "tcp"): CaptureEnds => ({
	transport,
	client: end(client, 4_000),
	server: end(server, 443),
});

function segmentsOf(file: Uint8Array) {
	const capture = readCapture(file);
	assert.ok(typeof capture !== "string", String(capture));
	return [...capture.packets].map(({ at, linkType, octets }) => {
		const segment = decodeSegment(linkType, octets);
		assert.ok(typeof segment !== "string", String(segment));
		return { at, ...segment };
	});
}

test("pieces of both directions become packets with the sequence numbers of their octets", () => {
	const pieces = [
		{ at: 1_234.5, direction: 0, offset: 0, received: 0, octets: Buffer.from("hello") },
		{ at: 2_000, direction: 1, offset: 10, received: 5, octets: Buffer.from("you") },
	] as const;
	for (const [client, server] of [
		["10.0.0.1", "192.0.2.1"],
		["2001:db8::1", "2001:db8::2"],
	] as const) {
		const [begin, answer, first, second] = segmentsOf(encodeCapture(ends(client, server), pieces));
		assert.deepEqual(
			[first?.at, first?.sequence, first?.sourcePort, Buffer.from(first?.payload ?? []).toString()],
			[1_234.5, 1, 4_000, "hello"],
		);
		assert.equal(formatAddress(first?.source ?? end("::", 0).address), client);
		assert.deepEqual([second?.sequence, second?.sourcePort, second?.isAck], [11, 443, true]);
		assert.equal(formatAddress(second?.source ?? end("::", 0).address), server);
		assert.deepEqual([begin?.isSyn, begin?.isAck, begin?.sequence, begin?.sourcePort], [true, false, 0, 4_000]);
		assert.deepEqual([answer?.isSyn, answer?.isAck, answer?.sequence, answer?.sourcePort], [true, true, 0, 443]);
	}
});

test("ends of two families are shown as one, and datagrams are datagrams", () => {
	const pieces = [{ at: 0, direction: 0, offset: 0, received: 0, octets: Buffer.from("x") }] as const;
	const [mixed] = segmentsOf(encodeCapture(ends("2001:db8::1", "192.0.2.1"), pieces));
	assert.equal(Buffer.from(mixed?.destination.octets ?? []).toString("hex"), "00000000000000000000ffffc0000201");
	const [datagram] = segmentsOf(encodeCapture(ends("10.0.0.1", "192.0.2.1", "udp"), pieces));
	assert.deepEqual([datagram?.transport, Buffer.from(datagram?.payload ?? []).toString()], ["udp", "x"]);
});

test("headers add up as those who check them want it", () => {
	const octets = Buffer.from(
		encodeCapture(ends("10.0.0.1", "192.0.2.1"), [
			{ at: 0, direction: 0, offset: 0, received: 0, octets: Buffer.from("odd") },
		]),
	).subarray(40 + 2 * 56);
	const sum = (bytes: Uint8Array) => {
		let total = 0;
		for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
		while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
		return total;
	};
	assert.equal(sum(octets.subarray(0, 20)), 0xffff);
	const segment = octets.subarray(20);
	assert.equal(sum(Buffer.concat([octets.subarray(12, 20), Buffer.of(0, 6, 0, segment.length), segment])), 0xffff);
});

test("whatever is logged comes out as it went in", () => {
	const piece = fc.record({
		at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
		direction: fc.constantFrom(0 as const, 1 as const),
		offset: fc.integer({ min: 0, max: 2 ** 40 }),
		received: fc.integer({ min: 0, max: 2 ** 40 }),
		octets: fc.uint8Array({ maxLength: 1_400 }),
	});
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
			const segments = segmentsOf(encodeCapture(ends("10.0.0.1", "192.0.2.1"), pieces)).filter(({ isSyn }) => !isSyn);
			assert.deepEqual(
				segments.map(({ at, sequence, payload }) => [at, sequence, Buffer.from(payload)]),
				pieces.map(({ at, offset, octets }) => [at, (offset + 1) % 2 ** 32, Buffer.from(octets)]),
			);
		}),
	);
});
