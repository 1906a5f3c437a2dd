import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader, Writer } from "#base/bytes.ts";
import { proxyTlvType, readProxyTlvs, writeProxyTlv } from "#proxy/proxy-tlv.ts";

/** A record whose objects are plain ones, as ours are. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });
const read = (octets: readonly number[], isTop = true) => readProxyTlvs(new Reader(Uint8Array.from(octets)), isTop);

test("TLVs are read in their order, empty ones and unknown ones too", () => {
	assert.deepEqual(read([4, 0, 0, 0xea, 0, 2, 7, 8]), [
		{ type: proxyTlvType.noop, value: new Uint8Array(0) },
		{ type: 0xea, value: Uint8Array.of(7, 8) },
	]);
});

test("a TLV that reaches past the end, a known one that comes twice and a long identifier are told", () => {
	assert.match(String(read([1, 0, 2, 104])), /0x01 reaches past the end/);
	assert.match(String(read([1])), /reaches past the end/);
	assert.match(String(read([2, 0, 0, 2, 0, 0])), /0x02 comes twice/);
	assert.equal(read([4, 0, 0, 4, 0, 0]).length, 2);
	assert.equal(read([2, 0, 0, 2, 0, 0], false).length, 2);
	assert.match(String(read([5, 0, 129, ...new Array(129).fill(1)])), /129 octets; at most 128/);
});

test("TLVs that are written read back", () => {
	const tlv = record({ type: fc.integer({ min: 0xe0, max: 0xff }), value: fc.uint8Array({ maxLength: 300 }) });
	fc.assert(
		fc.property(fc.array(tlv, { maxLength: 10 }), (tlvs) => {
			const writer = new Writer();
			for (const { type, value } of tlvs) writeProxyTlv(writer, type, value);
			assert.deepEqual(readProxyTlvs(new Reader(writer.finish()), true), tlvs);
		}),
	);
});
