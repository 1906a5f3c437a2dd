import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePayloads, encodePayloads, findNotify, findPayload, payloadType } from "#ike/wire/payload.ts";
import { payloads } from "../../../test/support/ike-arbitraries.ts";

/** One payload of any type with its generic header. */
const raw = (next: number, flags: number, body: readonly number[]) => [next, flags, 0, body.length + 4, ...body];

test("what encodePayloads writes, decodePayloads reads: every kind, in its order", () => {
	fc.assert(
		fc.property(fc.array(payloads, { maxLength: 8 }), (value) => {
			const { first, octets } = encodePayloads(value);
			const decoded = decodePayloads(first, octets);
			assert.ok(decoded.kind === "done");
			assert.deepEqual(decoded.value, { payloads: value });
		}),
		{ numRuns: 300 },
	);
});

test("an unknown payload is passed over; with its critical bit the message must be refused", () => {
	const vendor = raw(0, 0, [1, 2]);
	const passed = decodePayloads(200, Uint8Array.from([...raw(43, 0, [9]), ...vendor]));
	assert.ok(passed.kind === "done");
	assert.deepEqual([passed.value.payloads.length, passed.value.unsupportedCritical], [1, undefined]);
	const refused = decodePayloads(200, Uint8Array.from([...raw(43, 0x80, [9]), ...vendor]));
	assert.ok(refused.kind === "done");
	assert.deepEqual([refused.value.payloads.length, refused.value.unsupportedCritical], [1, 200]);
});

test("of a known payload the critical bit is not looked at", () => {
	const decoded = decodePayloads(43, Uint8Array.from(raw(0, 0x80, [1])));
	assert.ok(decoded.kind === "done" && decoded.value.unsupportedCritical === undefined);
});

test("the encrypted payload ends the chain and names the first one inside", () => {
	const decoded = decodePayloads(payloadType.encrypted, Uint8Array.from(raw(33, 0, [1, 2, 3])));
	assert.ok(decoded.kind === "done" && decoded.value.sealed?.type === "encrypted");
	assert.deepEqual([decoded.value.sealed.firstPayload, [...decoded.value.sealed.body]], [33, [1, 2, 3]]);
	assert.equal(decodePayloads(46, Uint8Array.from([...raw(33, 0, [1]), 0])).kind, "malformed");
});

test("fragments are numbered from 1 to their total, and only the first names a payload", () => {
	const kindOf = (next: number, number: number, total: number) =>
		decodePayloads(payloadType.encryptedFragment, Uint8Array.from(raw(next, 0, [0, number, 0, total, 7]))).kind;
	assert.equal(kindOf(35, 1, 2), "done");
	assert.equal(kindOf(0, 2, 2), "done");
	for (const [next, number, total] of [
		[35, 0, 2],
		[0, 3, 2],
		[35, 2, 2],
	] as const)
		assert.equal(kindOf(next, number, total), "malformed");
});

test("a nonce has 16 to 256 octets", () => {
	for (const [octets, kind] of [
		[15, "malformed"],
		[16, "done"],
	] as const)
		assert.equal(decodePayloads(40, Uint8Array.from(raw(0, 0, new Array(octets).fill(1)))).kind, kind);
	assert.equal(decodePayloads(40, Buffer.concat([Uint8Array.of(0, 0, 1, 5), new Uint8Array(257)])).kind, "malformed");
});

test("a length below four, past the end, or octets behind the last payload are malformed", () => {
	for (const octets of [[0, 0, 0, 3], [0, 0, 0, 9, 1], [0, 0], [0, 0, 0, 4, 1], []])
		assert.equal(decodePayloads(43, Uint8Array.from(octets)).kind, "malformed");
});

test("a chain of more than 128 payloads is not read", () => {
	const chain = Array.from({ length: 129 }, (_, index) => raw(index === 128 ? 0 : 43, 0, [])).flat();
	assert.equal(decodePayloads(43, Uint8Array.from(chain)).kind, "malformed");
	assert.equal(decodePayloads(43, Uint8Array.from(chain.slice(4))).kind, "done");
});

test("payloads and notifications are found by type", () => {
	const empty = new Uint8Array(0);
	const chain = [
		{ type: "vendor-id", data: empty },
		{ type: "notify", protocol: 0, spi: empty, notify: 16_390, data: Uint8Array.of(5) },
	] as const;
	assert.equal(findPayload(chain, "vendor-id"), chain[0]);
	assert.equal(findPayload(chain, "nonce"), undefined);
	assert.deepEqual(findNotify(chain, 16_390)?.data, Uint8Array.of(5));
	assert.equal(findNotify(chain, 1), undefined);
});
