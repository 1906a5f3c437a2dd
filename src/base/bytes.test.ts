import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, equalBytes, Reader, Writer } from "#base/bytes.ts";

test("what the Writer writes the Reader reads", () => {
	const octets = new Writer(1).u8(1).u16(0x0203).u24(0x040506).u32(0xfffefdfc).bytes(Uint8Array.of(9)).finish();
	const reader = new Reader(octets);
	assert.equal(reader.u8(), 1);
	assert.equal(reader.u16(), 0x0203);
	assert.equal(reader.u24(), 0x040506);
	assert.equal(reader.u32(), 0xfffefdfc);
	assert.deepEqual([...reader.take(1)], [9]);
	assert.equal(reader.isShort, false);
	assert.equal(reader.remaining, 0);
});

test("a read past the end is short for good and reads nothing beyond the view", () => {
	const reader = new Reader(Uint8Array.of(1, 2, 3, 4, 5), 1, 3);
	assert.equal(reader.u24(), 0);
	assert.equal(reader.isShort, true);
	assert.equal(reader.take(1).length, 0);
	assert.equal(reader.remaining, 0);
});

test("an inner reader ends where its length says", () => {
	const reader = new Reader(Uint8Array.of(1, 2, 3));
	const inner = reader.sub(2);
	assert.equal(inner.u16(), 0x0102);
	assert.equal(inner.u8(), 0);
	assert.equal(inner.isShort, true);
	assert.equal(reader.u8(), 3);
});

test("a length prefix counts its body, nested ones included", () => {
	const octets = new Writer().prefixed(2, (outer) => outer.u8(7).prefixed(1, (inner) => inner.u16(1))).finish();
	assert.deepEqual([...octets], [0, 4, 7, 2, 0, 1]);
});

test("a body longer than its length field is a bug that throws", () => {
	assert.throws(() => new Writer().prefixed(1, (body) => body.bytes(new Uint8Array(256))), RangeError);
});

test("any sequence of reads stays inside the octets", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 32 }), fc.array(fc.nat(12)), (octets, lengths) => {
			const reader = new Reader(octets);
			let taken = 0;
			for (const length of lengths) taken += reader.take(length).length;
			return taken <= octets.length && reader.position <= octets.length;
		}),
	);
});

test("concat keeps order and equalBytes compares octets", () => {
	const whole = concat([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
	assert.ok(equalBytes(whole, Uint8Array.of(1, 2, 3)));
	assert.ok(!equalBytes(whole, Uint8Array.of(1, 2, 4)));
	assert.ok(!equalBytes(whole, Uint8Array.of(1, 2)));
});
