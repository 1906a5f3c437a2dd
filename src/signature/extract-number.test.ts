import assert from "node:assert/strict";
import { test } from "node:test";
import { extractNumber } from "#signature/extract-number.ts";
import type { NumberReading } from "#signature/signature.ts";

const binary: NumberReading = {
	octets: 0,
	offset: 0,
	isRelative: false,
	isLittleEndian: false,
	base: undefined,
	bitmask: undefined,
};

function value(text: string, start: number, count: number, more: Partial<NumberReading> = {}): bigint | undefined {
	return extractNumber(Buffer.from(text, "latin1"), start, count, { ...binary, ...more })?.value;
}

test("octets are read in either order, up to eight of them", () => {
	assert.equal(value("\x00\x01\x02", 1, 2), 0x0102n);
	assert.equal(value("\x00\x01\x02", 1, 2, { isLittleEndian: true }), 0x0201n);
	assert.equal(value("\xff".repeat(8), 0, 8), (1n << 64n) - 1n);
});

test("text is read in its base, as far as it is digits", () => {
	assert.equal(value("len=1337;", 4, 4, { base: 10 }), 1337n);
	assert.equal(value("8079", 0, 0, { base: 10 }), 8079n);
	assert.equal(value("12ab", 0, 4, { base: 10 }), 12n);
	assert.equal(value("0x1F", 0, 4, { base: 16 }), 31n);
	assert.equal(value(" 17", 0, 3, { base: 8 }), 15n);
	assert.equal(value("abc", 0, 3, { base: 10 }), undefined);
});

test("a bitmask is applied and its zeros are shifted out", () => {
	assert.equal(value("\xab", 0, 1, { bitmask: 0xf0 }), 0xan);
	assert.equal(value("\xab", 0, 1, { bitmask: 0x0f }), 0xbn);
});

test("what lies outside the buffer is no number", () => {
	assert.equal(value("ab", -1, 1), undefined);
	assert.equal(value("ab", 1, 2), undefined);
	assert.equal(value("ab", 3, 1), undefined);
	assert.equal(value("12", 0, 4, { base: 10 }), undefined);
});
