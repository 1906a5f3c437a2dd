import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	DerReader,
	derElement,
	derIa5String,
	derInteger,
	derOid,
	derPrintableString,
	derSequence,
	derSetOf,
	derTag,
	derUtf8String,
} from "#pki/der.ts";
import { commonNames, type DistinguishedName, readName } from "#pki/name.ts";
import { attributeOid } from "#pki/oids.ts";
import { makeName } from "../../test/support/make-certificate.ts";

function read(der: Uint8Array): DistinguishedName {
	const reader = new DerReader(der);
	const faults: string[] = [];
	const name = readName(reader, "name", faults);
	assert.equal(reader.reason, undefined);
	assert.deepEqual(faults, []);
	return name;
}

function attribute(type: string, value: Uint8Array): Uint8Array {
	return derSequence(derOid(type), value);
}

function nameOf(value: Uint8Array, type: string = attributeOid.commonName): DistinguishedName {
	return read(derSequence(derSetOf(attribute(type, value))));
}

describe("DistinguishedName", () => {
	it("prints as RFC 4514 does, most special first, special and unseen characters escaped", () => {
		assert.equal(read(makeName("C=NO,O=Example AS,CN=shop.example")).text, "CN=shop.example,O=Example AS,C=NO");
		assert.equal(read(makeName("O=A\\,B +C")).text, "O=A\\,B \\+C");
		assert.equal(nameOf(derUtf8String(" x ")).text, "CN=\\ x\\ ");
		assert.equal(nameOf(derUtf8String("a\u202eb\nc")).text, "CN=a\\e2\\80\\aeb\\0ac");
		assert.equal(nameOf(derInteger(5)).text, "CN=#020105");
		assert.equal(nameOf(derUtf8String("x"), "1.2.3.4").text, "1.2.3.4=x");
		const two = derSequence(
			derSetOf(
				attribute(attributeOid.commonName, derUtf8String("a")),
				attribute(attributeOid.userId, derUtf8String("b")),
			),
		);
		assert.match(read(two).text, /^(CN=a\+UID=b|UID=b\+CN=a)$/);
		assert.equal(read(derSequence()).text, "");
		assert.ok(read(derSequence()).isEmpty);
	});

	it("is cut for messages, whatever its length", () => {
		assert.equal(read(makeName("CN=a,O=b")).shortText, "O=b,CN=a");
		assert.equal(nameOf(derUtf8String("x".repeat(100_000))).shortText, `CN=${"x".repeat(117)}...`);
	});

	it("compares without regard to case, spacing, string type and composition, but not order", () => {
		const pairs = [
			[derUtf8String("Good  CA "), derPrintableString("good ca")],
			[derUtf8String("BLÅBÆR"), derUtf8String("bla\u030abær")],
			[derUtf8String("a\u00adb"), derUtf8String("ab")],
			[derIa5String("x"), derElement(derTag.bmpString, Uint8Array.of(0, 0x58))],
		];
		for (const [a, b] of pairs) assert.ok(nameOf(a as Uint8Array).equals(nameOf(b as Uint8Array)));
		assert.ok(!nameOf(derUtf8String("a b")).equals(nameOf(derUtf8String("ab"))));
		assert.ok(!nameOf(derUtf8String("a")).equals(nameOf(derUtf8String("a"), attributeOid.organizationName)));
		assert.ok(!read(makeName("O=a,OU=b")).equals(read(makeName("OU=b,O=a"))));
		assert.ok(!read(makeName("O=a,O=b")).equals(read(makeName("O=a"))));
	});

	it("cannot be made equal by separators inside values", () => {
		const joined = read(makeName("O=a\u00012.5.4.10=b"));
		assert.ok(!joined.equals(read(makeName("O=a,O=b"))));
	});

	it("gives the values of one attribute type", () => {
		const name = read(makeName("CN=a,O=b,CN=c"));
		assert.deepEqual(commonNames(name), ["a", "c"]);
		assert.deepEqual(name.valuesOf(attributeOid.countryName), []);
	});
});

describe("readName", () => {
	it("refuses an empty relative name and attributes with more or less than two fields", () => {
		for (const der of [
			derSequence(derElement(derTag.set)),
			derSequence(derSetOf(derSequence(derOid("2.5.4.3")))),
			derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derUtf8String("a"), derUtf8String("b")))),
			derSequence(derUtf8String("a")),
		]) {
			const reader = new DerReader(der);
			readName(reader, "name", []);
			assert.notEqual(reader.reason, undefined);
		}
	});

	it("states a fault for text that does not fit its string type and for NUL", () => {
		const values = [
			derElement(derTag.utf8String, Uint8Array.of(0xff)),
			derElement(derTag.printableString, Uint8Array.of(0xe6)),
			derElement(derTag.bmpString, Uint8Array.of(0xd8, 0x00)),
			derUtf8String("a\u0000b"),
		];
		for (const value of values) {
			const faults: string[] = [];
			readName(new DerReader(derSequence(derSetOf(attribute("2.5.4.3", value)))), "subject", faults);
			assert.deepEqual(faults, ["subject: CN is not valid text of its string type"]);
		}
	});

	it("never throws, and prints without control characters whatever the text", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				const name = readName(
					new DerReader(derSequence(derSetOf(attribute("2.5.4.3", derUtf8String(text))))),
					"name",
					[],
				);
				assert.doesNotMatch(name.text, /[\p{Cc}\p{Cf}]/u);
				assert.equal(typeof name.key, "string");
			}),
		);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
				readName(new DerReader(octets), "name", []);
			}),
		);
	});
});
