import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import {
	decodeDtlsRecord,
	decodeDtlsRecords,
	dtlsHeaderOctets,
	encodeDtlsRecord,
	encodePlainAlert,
	maxSequence,
} from "#dtls/record.ts";

const arbitraryRecord = fc.record(
	{
		type: fc.constantFrom(20, 21, 22, 23),
		version: fc.constantFrom(0xfeff, 0xfefd),
		epoch: fc.nat(65_535),
		sequence: fc.nat(maxSequence),
		fragment: fc.uint8Array({ maxLength: 60 }),
	},
	{ noNullPrototype: true },
);

test("what is written is read again, several records to a datagram", () => {
	fc.assert(
		fc.property(fc.array(arbitraryRecord, { maxLength: 5 }), (records) => {
			assert.deepEqual(decodeDtlsRecords(concat(records.map(encodeDtlsRecord))), records);
		}),
		{ numRuns: 300 },
	);
});

test("a datagram that is cut is malformed at every octet; there is nothing to wait for", () => {
	const whole = encodeDtlsRecord({ type: 23, version: 0xfefd, epoch: 1, sequence: 9, fragment: new Uint8Array(5) });
	for (let length = 0; length < whole.length; length++)
		assert.equal(decodeDtlsRecord(whole.subarray(0, length)).kind, "malformed");
});

test("another version and a fragment longer than any record are malformed", () => {
	const record = encodeDtlsRecord({
		type: 23,
		version: 0xfefd,
		epoch: 1,
		sequence: 9,
		fragment: new Uint8Array(19_000),
	});
	assert.match(JSON.stringify(decodeDtlsRecord(record)), /19000 octets; at most 18432/);
	const tls = Uint8Array.from(record);
	tls[1] = 3;
	assert.match(JSON.stringify(decodeDtlsRecord(tls)), /expected 0xfexx/);
});

test("any octets are read without an exception, and no further than they go", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
			const read = decodeDtlsRecords(octets).reduce((sum, one) => sum + dtlsHeaderOctets + one.fragment.length, 0);
			assert.ok(read <= octets.length);
		}),
		{ numRuns: 500 },
	);
});

test("an alert in clear is one record of fifteen octets", () => {
	assert.equal(Buffer.from(encodePlainAlert("access_denied", 3)).toString("hex"), "15fefd000000000000000300020231");
	assert.deepEqual(encodePlainAlert(80, 0).subarray(13), Uint8Array.of(2, 80));
});
