import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "#base/address.ts";
import { decodeSegment } from "#capture/packet.ts";
import { tcpFrames, udpFrame } from "../../test/support/captures.ts";

function shown(linkType: number, octets: Uint8Array): string {
	const segment = decodeSegment(linkType, octets);
	if (typeof segment === "string") return segment;
	const { transport, source, sourcePort, destination, destinationPort, payload } = segment;
	const ends = `${formatAddress(source)} ${sourcePort} > ${formatAddress(destination)} ${destinationPort}`;
	return `${transport} ${ends} ${Buffer.from(payload).toString("latin1")}`;
}

const frame = tcpFrames([{ fromClient: true, payload: "hello" }]).at(-1) as Uint8Array;
const ip = frame.subarray(14);
const hello = "tcp 192.0.2.1 40000 > 198.51.100.2 80 hello";

test("a segment is found behind every link header that is known", () => {
	assert.equal(shown(1, frame), hello);
	const tagged = Buffer.concat([frame.subarray(0, 12), Buffer.from("8100000a", "hex"), frame.subarray(12)]);
	assert.equal(shown(1, tagged), hello);
	assert.equal(shown(101, ip), hello);
	assert.equal(shown(113, Buffer.concat([Buffer.alloc(14), Buffer.from("0800", "hex"), ip])), hello);
	assert.equal(shown(276, Buffer.concat([Buffer.from("0800", "hex"), Buffer.alloc(18), ip])), hello);
	assert.equal(shown(0, Buffer.concat([Buffer.from("02000000", "hex"), ip])), hello);
	assert.equal(shown(1, udpFrame(false, "answer")), "udp 198.51.100.2 53 > 192.0.2.1 5000 answer");
});

test("IPv6 is read with its extension headers", () => {
	const tcp = ip.subarray(20);
	const head = Buffer.alloc(40);
	head[0] = 0x60;
	head.writeUInt16BE(tcp.length + 8, 4);
	head[6] = 60;
	head[23] = 1;
	head[39] = 2;
	const options = Buffer.alloc(8);
	options[0] = 6;
	assert.equal(shown(229, Buffer.concat([head, options, tcp])), "tcp ::1 40000 > ::2 80 hello");
});

test("flags and numbers are those of the header; padding of the frame is no payload", () => {
	const segment = decodeSegment(1, Buffer.concat([frame, Buffer.alloc(6)]));
	assert.ok(typeof segment !== "string");
	const { isSyn, isAck, isLast, sequence, payload } = segment;
	assert.deepEqual([isSyn, isAck, isLast, sequence, payload.length], [false, true, false, 1_001, 5]);
});

test("what is passed over is named", () => {
	const changed = (at: number, value: number) => {
		const copy = frame.slice();
		copy[at] = value;
		return shown(1, copy);
	};
	assert.equal(changed(12, 0), "no IP packet");
	assert.equal(changed(23, 1), "neither TCP nor UDP");
	assert.equal(changed(20, 0x20), "a fragment");
	assert.equal(changed(14, 0x44), "a damaged IPv4 header");
	assert.equal(changed(46, 0xf0), "a damaged transport header");
	assert.equal(shown(999, frame), "link type 999 is not known");
});

test("no octets make it fail", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(0, 1, 101, 113, 276),
			fc.uint8Array({ maxLength: 80 }),
			fc.nat(58),
			(link, octets, at) => {
				decodeSegment(link, octets);
				const copy = frame.slice();
				copy.set(octets.subarray(0, copy.length - at), at);
				decodeSegment(link, copy);
			},
		),
	);
});
