import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	DerReader,
	derBitString,
	derBoolean,
	derElement,
	derGeneralizedTime,
	derInteger,
	derNamedBits,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derSetOf,
	derTag,
	derTime,
} from "#pki/der.ts";

function octets(hex: string): Uint8Array {
	return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function reasonOf(hex: string, read: (reader: DerReader) => unknown): string | undefined {
	const reader = new DerReader(octets(hex));
	read(reader);
	reader.close("value");
	return reader.reason;
}

describe("DerReader", () => {
	it("refuses lengths that are indefinite, not minimal or past the end", () => {
		for (const hex of ["30 80 00 00", "04 81 01 00", "04 82 00 80", "04 05 00", "04 85 01 00 00 00 00", "04 82 01"]) {
			assert.notEqual(
				reasonOf(hex, (reader) => reader.element("value")),
				undefined,
				hex,
			);
		}
	});

	it("reads a length of every width that needs it", () => {
		for (const length of [0, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
			const reader = new DerReader(derOctetString(new Uint8Array(length)));
			assert.equal(reader.octetString("value").length, length);
			assert.equal(reader.reason, undefined);
			assert.ok(reader.isAtEnd);
		}
	});

	it("refuses a wrong tag, a high tag number and octets that are left over, naming what it found", () => {
		assert.equal(
			reasonOf("04 00", (reader) => reader.integer("serial")),
			"serial: expected tag 0x02, got 0x04",
		);
		assert.match(reasonOf("1f 81 01 00", (reader) => reader.element("value")) ?? "", /tag numbers above 30/);
		assert.equal(
			reasonOf("05 00 05 00", (reader) => reader.content(derTag.null, "value")),
			"value: 2 octets follow its last field",
		);
	});

	it("keeps the first violation and answers every later read with an empty value", () => {
		const reader = new DerReader(octets("30 03 02 02 01"));
		const inner = reader.open(derTag.sequence, "outer");
		assert.equal(inner.smallInteger("inner"), 0);
		assert.equal(inner.oid("later"), "");
		assert.equal(inner.peek(), -1);
		assert.ok(reader.isAtEnd);
		assert.equal(reader.reason, "inner: 2 octets announced, 1 there");
	});

	it("refuses nesting deeper than 32", () => {
		let nested: Uint8Array = derNull();
		for (let level = 0; level < 40; level++) nested = derSequence(nested);
		let reader = new DerReader(nested);
		for (let level = 0; level < 40; level++) reader = reader.open(derTag.sequence, "level");
		assert.equal(reader.reason, "nested deeper than 32");
	});

	it("refuses more than 65,536 elements, unless it is told that they are not kept", () => {
		const list = derSequence(new Uint8Array(140_000).fill(0).map((_, index) => (index % 2 === 0 ? derTag.null : 0)));
		const count = (reader: DerReader) => {
			const sequence = reader.open(derTag.sequence, "list");
			let elements = 0;
			for (; !sequence.isAtEnd; elements++) sequence.element("null");
			return elements;
		};
		const bounded = new DerReader(list);
		assert.equal(count(bounded), 65_536);
		assert.equal(bounded.reason, "null: more than 65536 elements");
		const unbounded = DerReader.unbounded(list);
		assert.equal(count(unbounded), 70_000);
		assert.equal(unbounded.reason, undefined);
	});

	it("accepts minimal integers only, negative ones where the caller can tell", () => {
		assert.deepEqual(new DerReader(octets("02 02 00 80")).integer("value"), octets("00 80"));
		assert.deepEqual(new DerReader(octets("02 01 ff")).integer("value"), octets("ff"));
		for (const hex of ["02 00", "02 02 00 7f", "02 02 ff 80"])
			assert.notEqual(
				reasonOf(hex, (reader) => reader.integer("value")),
				undefined,
				hex,
			);
		assert.match(reasonOf("02 01 ff", (reader) => reader.smallInteger("value")) ?? "", /negative/);
		assert.match(reasonOf("02 02 01 00", (reader) => reader.smallInteger("value", 255)) ?? "", /larger than 255/);
	});

	it("reads object identifiers of any arc size and refuses the ones that are not minimal", () => {
		for (const text of ["2.5.29.19", "2.5.4.3", "1.2.840.113549.1.1.11", "0.9.2342.19200300.100.1.25", "2.999.1"]) {
			assert.equal(new DerReader(derOid(text)).oid("value"), text);
		}
		const uuid = "2.25.329800735698586629295641978511506172918";
		assert.equal(new DerReader(derOid(uuid)).oid("value"), uuid);
		for (const hex of ["06 00", "06 02 2a 80", "06 03 2a 80 01", "06 01 80"])
			assert.notEqual(
				reasonOf(hex, (reader) => reader.oid("value")),
				undefined,
				hex,
			);
		assert.notEqual(
			reasonOf(`06 81 c8 ${"7f".repeat(200)}`, (reader) => reader.oid("value")),
			undefined,
		);
	});

	it("refuses a boolean that is neither 0x00 nor 0xff", () => {
		assert.equal(new DerReader(derBoolean(true)).boolean("value"), true);
		assert.equal(new DerReader(derBoolean(false)).boolean("value"), false);
		for (const hex of ["01 01 01", "01 00", "01 02 ff ff"])
			assert.notEqual(
				reasonOf(hex, (reader) => reader.boolean("value")),
				undefined,
				hex,
			);
	});

	it("reads bit strings: whole octets for keys, named bits for usages", () => {
		assert.deepEqual(new DerReader(derBitString(octets("a1 b2"))).wholeBitString("value"), octets("a1 b2"));
		assert.equal(new DerReader(octets("03 02 05 a0")).namedBits("keyUsage"), 0b101);
		assert.equal(new DerReader(octets("03 03 07 00 80")).namedBits("keyUsage"), 1 << 8);
		assert.equal(new DerReader(octets("03 01 00")).namedBits("keyUsage"), 0);
		for (const hex of ["03 00", "03 01 01", "03 02 08 00", "03 02 05 a1", "03 04 00 00 00 01"])
			assert.notEqual(
				reasonOf(hex, (reader) => reader.namedBits("value")),
				undefined,
				hex,
			);
		assert.notEqual(
			reasonOf("03 02 01 00", (reader) => reader.wholeBitString("value")),
			undefined,
		);
	});

	it("reads times to the second and refuses dates that are none", () => {
		const read = (tag: number, text: string) => {
			const reader = new DerReader(derElement(tag, Buffer.from(text)));
			const value = reader.time("time");
			return reader.reason === undefined ? new Date(value).toISOString() : undefined;
		};
		assert.equal(read(derTag.utcTime, "491231235959Z"), "2049-12-31T23:59:59.000Z");
		assert.equal(read(derTag.utcTime, "500101000000Z"), "1950-01-01T00:00:00.000Z");
		assert.equal(read(derTag.generalizedTime, "20240229120000Z"), "2024-02-29T12:00:00.000Z");
		assert.equal(read(derTag.generalizedTime, "99991231235959Z"), "9999-12-31T23:59:59.000Z");
		for (const text of [
			"230229000000Z",
			"231301000000Z",
			"230100000000Z",
			"2301010000Z",
			"230101000000+0000",
			"230101240000Z",
		])
			assert.equal(read(derTag.utcTime, text), undefined, text);
		for (const text of ["20230229000000Z", "20230101000000.5Z", "21000229000000Z", "2023010100000aZ"])
			assert.equal(read(derTag.generalizedTime, text), undefined, text);
	});
});

describe("DER writer", () => {
	it("writes the times that the reader reads, UTCTime through 2049", () => {
		fc.assert(
			fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
				const encoded = derTime(seconds * 1000);
				const year = new Date(seconds * 1000).getUTCFullYear();
				assert.equal(encoded[0], year >= 1950 && year < 2050 ? derTag.utcTime : derTag.generalizedTime);
				assert.equal(new DerReader(encoded).time("time"), seconds * 1000);
				assert.equal(new DerReader(derGeneralizedTime(seconds * 1000)).generalizedTime("time"), seconds * 1000);
			}),
		);
	});

	it("writes integers minimally", () => {
		fc.assert(
			fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
				const content = new DerReader(derInteger(value)).integer("value");
				const unsigned = BigInt(`0x${Buffer.from(content).toString("hex")}`);
				assert.equal(BigInt.asIntN(content.length * 8, unsigned), value);
			}),
		);
		assert.deepEqual(derInteger(octets("00 00 80")), octets("02 02 00 80"));
		assert.deepEqual(derInteger(octets("00")), octets("02 01 00"));
		assert.deepEqual(derInteger(octets("")), octets("02 01 00"));
	});

	it("writes named bits without trailing zeros, as the reader reads them", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 0xffff }), (bits) => {
				const encoded = derNamedBits(bits);
				assert.equal(new DerReader(encoded).namedBits("bits"), bits);
				if (bits !== 0) assert.notEqual((encoded.at(-1) as number) >> (encoded[2] as number), 0);
			}),
		);
	});

	it("orders the elements of a SET OF", () => {
		assert.deepEqual(derSetOf(octets("02 01 02"), octets("02 01 01")), octets("31 06 02 01 01 02 01 02"));
	});
});

describe("DerReader on hostile octets", () => {
	it("never throws and never reads past the end, whatever the octets and the calls", () => {
		const calls: ((reader: DerReader) => unknown)[] = [
			(reader) => reader.element("a"),
			(reader) => reader.integer("b"),
			(reader) => reader.smallInteger("c"),
			(reader) => reader.oid("d"),
			(reader) => reader.boolean("e"),
			(reader) => reader.namedBits("f"),
			(reader) => reader.wholeBitString("g"),
			(reader) => reader.time("h"),
			(reader) => reader.generalizedTime("i"),
			(reader) => reader.octetString("j"),
			(reader) => reader.enumerated("k"),
			(reader) => reader.open(derTag.sequence, "l"),
		];
		const tags = fc.constantFrom(...Object.values(derTag));
		const element = fc
			.tuple(tags, fc.nat(8), fc.uint8Array({ maxLength: 8 }))
			.map(([tag, length, content]) => Uint8Array.of(tag, length, ...content));
		const input = fc.oneof(fc.uint8Array({ maxLength: 40 }), element);
		fc.assert(
			fc.property(input, fc.array(fc.nat(calls.length - 1), { maxLength: 8 }), (bytes, order) => {
				const reader = new DerReader(bytes);
				for (const index of order) calls[index]?.(reader);
				assert.ok(reader.position <= bytes.length);
			}),
		);
	});
});
