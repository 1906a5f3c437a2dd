import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { cutRecords, decodeEapTlsPacket, encodeEapTlsPacket } from "#ike/eap/eap-tls-packet.ts";

test("what encodeEapTlsPacket writes, decodeEapTlsPacket reads; a part that is longer than the whole is malformed", () => {
	fc.assert(
		fc.property(
			fc.boolean(),
			fc.boolean(),
			fc.uint8Array({ maxLength: 60 }),
			fc.nat(90),
			(isStart, hasMore, part, total) => {
				const packet = { isStart, hasMore, part, total };
				const decoded = decodeEapTlsPacket(encodeEapTlsPacket(packet));
				if (total < part.length) assert.equal(decoded.kind, "malformed");
				else assert.deepEqual(decoded.kind === "done" && decoded.value, packet);
			},
		),
	);
	const bare = { isStart: true, hasMore: false, part: new Uint8Array(0) };
	assert.deepEqual([...encodeEapTlsPacket(bare)], [0x20]);
	const decoded = decodeEapTlsPacket(Uint8Array.of(0x20));
	assert.deepEqual(decoded.kind === "done" && decoded.value, bare);
});

test("no octets make it throw; without flags or within its total it is malformed", () => {
	fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), (any) => void decodeEapTlsPacket(any)));
	assert.equal(decodeEapTlsPacket(new Uint8Array(0)).kind, "malformed");
	assert.equal(decodeEapTlsPacket(Uint8Array.of(0x80, 0, 0, 0)).kind, "malformed");
});

test("records are cut so that the parts make them again, the total in the first of several", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (records, limit) => {
			const parts = cutRecords(records, limit);
			assert.deepEqual(concat(parts.map(({ part }) => part)), records);
			assert.deepEqual(parts.map(({ hasMore }) => hasMore).lastIndexOf(false), parts.length - 1);
			assert.ok(parts.every(({ part }) => part.length <= limit));
			assert.equal(parts[0]?.total, parts.length > 1 ? records.length : undefined);
		}),
	);
});
