import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { needMore } from "#base/bytes.ts";
import {
	contentType,
	decodeRecord,
	decodeRecordHeader,
	encodeRecord,
	maxPlaintextOctets,
	maxProtectedOctets,
} from "#tls/record.ts";

const header = (...octets: number[]) => decodeRecordHeader(Uint8Array.from(octets));

test("what encodeRecord writes, decodeRecord reads, whatever follows it", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 20, max: 24 }),
			fc.integer({ min: 0x0300, max: 0x0304 }),
			fc.uint8Array({ minLength: 1, maxLength: 300 }),
			fc.uint8Array({ maxLength: 9 }),
			(type, legacyVersion, fragment, rest) => {
				const decoded = decodeRecord(Buffer.concat([encodeRecord(type, legacyVersion, fragment), rest]));
				assert.ok(decoded.kind === "done");
				assert.equal(decoded.octets, fragment.length + 5);
				assert.deepEqual(
					{ ...decoded.value, fragment: Uint8Array.from(decoded.value.fragment) },
					{ type, legacyVersion, length: fragment.length, fragment },
				);
			},
		),
	);
});

test("each part of a record needs more", () => {
	const record = encodeRecord(contentType.handshake, 0x0301, Uint8Array.of(1, 2, 3));
	for (let end = 0; end < record.length; end++) assert.equal(decodeRecord(record.subarray(0, end)), needMore);
});

test("a wrong type or version is malformed at its own octet, before the rest is there", () => {
	for (const type of [0, 19, 25, 71, 128, 255]) assert.equal(header(type).kind, "malformed");
	assert.deepEqual(header(22, 2), { kind: "malformed", reason: "record version begins with 2; expected 3" });
	assert.deepEqual(header(22, 3, 5), { kind: "malformed", reason: "record version is 3.5; expected 3.0 to 3.4" });
	for (let minor = 0; minor <= 4; minor++) assert.equal(header(22, 3, minor), needMore);
});

test("the length is capped: 16,384 octets in clear, 18,432 protected", () => {
	const long = Uint8Array.of(23, 3, 3, (maxPlaintextOctets + 1) >>> 8, (maxPlaintextOctets + 1) & 0xff);
	assert.equal(decodeRecordHeader(long).kind, "malformed");
	assert.equal(decodeRecordHeader(long, 0, maxProtectedOctets).kind, "done");
	const longest = Uint8Array.of(23, 3, 3, maxPlaintextOctets >>> 8, maxPlaintextOctets & 0xff);
	assert.equal(decodeRecordHeader(longest).kind, "done");
});

test("an empty record is refused for every type but application data", () => {
	for (const type of [20, 21, 22, 24]) assert.equal(header(type, 3, 3, 0, 0).kind, "malformed");
	assert.equal(header(23, 3, 3, 0, 0).kind, "done");
});

test("a header is read at a position inside the stream", () => {
	const decoded = decodeRecordHeader(Uint8Array.of(9, 9, 21, 3, 3, 0, 2), 2);
	assert.deepEqual(decoded, { kind: "done", value: { type: 21, legacyVersion: 0x0303, length: 2 }, octets: 5 });
});

test("an empty or too long fragment cannot be encoded", () => {
	assert.throws(() => encodeRecord(22, 0x0303, new Uint8Array(0)), RangeError);
	assert.throws(() => encodeRecord(22, 0x0303, new Uint8Array(maxPlaintextOctets + 1)), RangeError);
});

test("random octets never throw and never take more than there is", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
			const decoded = decodeRecord(octets);
			if (decoded.kind === "done") assert.ok(decoded.octets <= octets.length);
		}),
	);
});
