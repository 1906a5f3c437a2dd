import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePacketLog, packetLogRequests } from "#firewall/packet-log.ts";

/** A message as the kernel sends it. */
function message(type: number, isLittleEndian: boolean, ...attributes: readonly (readonly [number, Uint8Array])[]) {
	const sizes = attributes.map(([, value]) => 4 + Math.ceil(value.length / 4) * 4);
	const octets = new Uint8Array(20 + sizes.reduce((sum, size) => sum + size, 0));
	const view = new DataView(octets.buffer);
	view.setUint32(0, octets.length, isLittleEndian);
	view.setUint16(4, type, isLittleEndian);
	let at = 20;
	for (const [index, [attribute, value]] of attributes.entries()) {
		view.setUint16(at, 4 + value.length, isLittleEndian);
		view.setUint16(at + 2, attribute, isLittleEndian);
		octets.set(value, at + 4);
		at += sizes[index] as number;
	}
	return octets;
}

const packet = Uint8Array.from({ length: 33 }, (_, index) => index);
const logged = (isLittleEndian: boolean) =>
	message(0x0400, isLittleEndian, [1, new Uint8Array(4)], [10, Buffer.from("l:lan\0")], [9, packet]);

test("the requests bind the group, want so many octets of each packet, and want them at once", () => {
	assert.deepEqual(
		packetLogRequests(23_057, 2_048, true).map((octets) => Buffer.from(octets).toString("hex")),
		[
			"1c00000001040500000000000000000000005a11050001000100000000".slice(0, 56),
			"2000000001040500000000000000000000005a110a00020000000800020000" + "00",
			"1c00000001040500000000000000000000005a110800050000000001",
		],
	);
	const [big] = packetLogRequests(23_057, 2_048, false);
	assert.deepEqual([...(big as Uint8Array).subarray(0, 8)], [0, 0, 0, 28, 4, 1, 0, 5]);
});

test("a datagram may hold several messages: packets with the prefix of their rule, answers, and others", () => {
	for (const isLittleEndian of [true, false]) {
		const answer = message(2, isLittleEndian);
		new DataView(answer.buffer).setInt32(16, -16, isLittleEndian);
		const datagram = Buffer.concat([logged(isLittleEndian), answer, message(3, isLittleEndian)]);
		const decoded = decodePacketLog(datagram, isLittleEndian);
		assert.ok(decoded.kind === "done", JSON.stringify(decoded));
		assert.deepEqual(
			decoded.value.map((one) => (one.kind === "packet" ? { ...one, packet: [...one.packet] } : one)),
			[
				{ kind: "packet", prefix: "l:lan", packet: [...packet] },
				{ kind: "answer", errorNumber: 16 },
				{ kind: "other" },
			],
		);
	}
});

test("whatever comes, nothing is read past its end; a cut message is malformed", () => {
	const octets = logged(true);
	for (let end = 1; end < octets.length; end++)
		assert.equal(decodePacketLog(octets.subarray(0, end), true).kind, "malformed", `${end} octets`);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, isLittleEndian) => {
			assert.notEqual(decodePacketLog(random, isLittleEndian).kind, "need-more");
		}),
	);
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), (at, value) => {
			const changed = octets.slice();
			changed[at] = value;
			decodePacketLog(changed, true);
		}),
	);
});
