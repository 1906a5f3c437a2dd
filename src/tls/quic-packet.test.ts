import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader } from "#base/bytes.ts";
import { decodeInitialFrames, decodeQuicLongPacket, quicVersion, readVarint } from "#tls/quic-packet.ts";
import { exampleFrame, protectedV1, protectedV2 } from "../../test/captures/quic-initial/vectors.ts";
import { buildInitial } from "../../test/support/quic-initial.ts";

test("variable-length integers of RFC 9000 A.1 are read", () => {
	for (const [hex, value] of [
		["25", 37],
		["4025", 37],
		["7bbd", 15_293],
		["9d7f3e7d", 494_878_333],
		["c2197c5eff14e88c", Number(151_288_809_941_952_652n)],
	] as const) {
		assert.equal(readVarint(new Reader(Buffer.from(hex, "hex"))), value);
	}
});

test("the headers of the examples are read, and where their packet ends", () => {
	for (const [packet, version] of [
		[protectedV1, quicVersion.v1],
		[protectedV2, quicVersion.v2],
	] as const) {
		const decoded = decodeQuicLongPacket(packet);
		assert.ok(decoded.kind === "done");
		const { type, destinationId, sourceId, token, numberAt } = decoded.value;
		assert.deepEqual(
			[
				decoded.value.version,
				type,
				Buffer.from(destinationId).toString("hex"),
				sourceId.length,
				token.length,
				numberAt,
			],
			[version, "initial", "8394c8f03e515708", 0, 0, 18],
		);
		assert.equal(decoded.octets, 1200);
	}
});

test("packets behind each other in one datagram are told apart", () => {
	const first = buildInitial({ frames: exampleFrame, datagramOctets: 0, token: Uint8Array.of(1, 2, 3) });
	const datagram = Buffer.concat([first, protectedV1]);
	const one = decodeQuicLongPacket(datagram);
	assert.ok(one.kind === "done");
	assert.deepEqual([one.octets, [...one.value.token]], [first.length, [1, 2, 3]]);
	const two = decodeQuicLongPacket(datagram, one.octets);
	assert.ok(two.kind === "done");
	assert.deepEqual([two.octets, two.value.numberAt], [1200, first.length + 18]);
});

test("Retry, Version Negotiation and other versions take the datagram; v1 and v2 number their types differently", () => {
	const typeOf = (hex: string) => {
		const decoded = decodeQuicLongPacket(Buffer.from(hex, "hex"));
		return decoded.kind === "done" ? decoded.value.type : decoded.kind;
	};
	assert.equal(typeOf("ff0000000100000102"), "retry");
	assert.equal(typeOf("cf6b3343cf00000102"), "retry");
	assert.equal(typeOf("80000000000000"), "version-negotiation");
	assert.equal(typeOf("c0ff00001d0000"), "other");
	assert.equal(typeOf("d000000001000001aa"), "other");
	assert.equal(typeOf("400000000100000001aa"), "malformed");
	assert.equal(typeOf("8000000001000001aa"), "malformed");
	assert.equal(typeOf(`c00000000115${"00".repeat(21)}00000000`), "malformed");
	assert.equal(typeOf("c000000001000000420000"), "malformed");
});

test("frames of an Initial packet are read, others are malformed", () => {
	const frames = (hex: string) => decodeInitialFrames(Buffer.from(hex, "hex"));
	const decoded = frames(
		["00", "01", "0204030102010201", "0300000000010203", "1c00060568656c6c6f", "060503616263", "060000"].join(""),
	);
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	assert.deepEqual(decoded.value, [
		{ offset: 5, octets: Buffer.from("abc") },
		{ offset: 0, octets: Buffer.alloc(0) },
	]);
	for (const hex of ["", "08", "01c0", "060040f1", "0200ff", "1e", "02000040ff00"]) {
		assert.equal(frames(hex).kind, "malformed", hex);
	}
});

test("no octets make it throw or read on behind the datagram", () => {
	fc.assert(
		fc.property(
			fc.uint8Array({ maxLength: 80 }),
			fc.nat(10),
			fc.constantFrom(1, 0x6b3343cf, 0, 7),
			(octets, at, version) => {
				const datagram = Uint8Array.from([
					0xc0,
					version >>> 24,
					(version >> 16) & 255,
					(version >> 8) & 255,
					version & 255,
					...octets,
				]);
				for (const position of [0, at]) {
					const decoded = decodeQuicLongPacket(datagram, position);
					assert.notEqual(decoded.kind, "need-more");
					if (decoded.kind === "done") assert.ok(position + decoded.octets <= datagram.length);
				}
				assert.notEqual(decodeInitialFrames(octets).kind, "need-more");
			},
		),
	);
});
