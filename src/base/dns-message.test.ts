import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Writer } from "#base/bytes.ts";
import { decodeDnsAnswer, encodeDnsQuestion, httpsRecordType } from "#base/dns-message.ts";
import { dnsAnswer } from "../../test/support/dns-answer.ts";

const question = { id: 0x1234, name: "shop.example", type: httpsRecordType };

test("a question reads like RFC 1035", () => {
	const expected =
		"1234 0100 0001 0000 0000 0001 04 73686f70 07 6578616d706c65 00 0041 0001 00 0029 04d0 00000000 0000";
	assert.equal(Buffer.from(encodeDnsQuestion(question)).toString("hex"), expected.replaceAll(" ", ""));
});

test("an answer tells its records, those of aliases among them", () => {
	const octets = dnsAnswer(encodeDnsQuestion(question), [
		{ type: 5, ttlSeconds: 60, data: Uint8Array.of(0xc0, 12) },
		{ type: httpsRecordType, ttlSeconds: 300, data: Uint8Array.of(0, 1, 0) },
	]);
	const decoded = decodeDnsAnswer(octets);
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	const { id, code, isCut, name, type, records } = decoded.value;
	assert.deepEqual([id, code, isCut, name, type], [0x1234, 0, false, "shop.example", httpsRecordType]);
	assert.deepEqual(
		records.map(({ type, ttlSeconds, data }) => [type, ttlSeconds, [...data]]),
		[
			[5, 60, [0xc0, 12]],
			[httpsRecordType, 300, [0, 1, 0]],
		],
	);
});

test("an answer that there is no such name, or that did not fit, says so", () => {
	const octets = dnsAnswer(encodeDnsQuestion(question), [], 0x8303);
	const decoded = decodeDnsAnswer(octets);
	assert.ok(decoded.kind === "done");
	assert.deepEqual([decoded.value.code, decoded.value.isCut, decoded.value.records], [3, true, []]);
});

test("names that point forward, to themselves or in a circle are malformed", () => {
	const head = (name: readonly number[]) =>
		new Writer().u16(1).u16(0x8000).u16(1).u16(0).u32(0).bytes(Uint8Array.from(name)).u16(1).u16(1).finish();
	for (const name of [
		[0xc0, 12],
		[0xc0, 40],
		[1, 0x61, 0xc0, 12, 0],
		[0x80, 0],
	])
		assert.equal(decodeDnsAnswer(head(name)).kind, "malformed", name.join(" "));
});

test("whatever comes, it neither throws nor reads past the end, and a cut answer is malformed", () => {
	const octets = dnsAnswer(encodeDnsQuestion(question), [{ type: 65, ttlSeconds: 1, data: new Uint8Array(9) }]);
	for (let end = 0; end < octets.length; end++)
		assert.equal(decodeDnsAnswer(octets.subarray(0, end)).kind, "malformed", `${end} octets`);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
			assert.notEqual(decodeDnsAnswer(random).kind, "need-more");
		}),
	);
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), (at, value) => {
			const changed = octets.slice();
			changed[at] = value;
			decodeDnsAnswer(changed);
		}),
	);
});
