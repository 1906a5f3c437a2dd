import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { derTag, derUtf8String } from "#pki/der.ts";
import { decodeString } from "#pki/der-string.ts";

function octets(hex: string): Uint8Array {
	return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

describe("decodeString", () => {
	it("reads every string type and refuses octets that do not fit it", () => {
		assert.equal(decodeString(derTag.utf8String, Buffer.from("blåbær")), "blåbær");
		assert.equal(decodeString(derTag.utf8String, octets("c3 28")), undefined);
		assert.equal(decodeString(derTag.utf8String, octets("c0 80")), undefined);
		assert.equal(decodeString(derTag.printableString, Buffer.from("Test 1")), "Test 1");
		assert.equal(decodeString(derTag.ia5String, octets("e6")), undefined);
		assert.equal(decodeString(derTag.teletexString, octets("e6")), "æ");
		assert.equal(decodeString(derTag.bmpString, octets("00 e6 6f 22")), "æ漢");
		assert.equal(decodeString(derTag.bmpString, octets("d8 00")), undefined);
		assert.equal(decodeString(derTag.bmpString, octets("00")), undefined);
		assert.equal(decodeString(derTag.universalString, octets("00 01 f6 00")), "😀");
		assert.equal(decodeString(derTag.universalString, octets("00 11 00 00")), undefined);
		assert.equal(decodeString(derTag.universalString, octets("00 00 d8 00")), undefined);
		assert.equal(decodeString(derTag.octetString, octets("00")), undefined);
		assert.equal(decodeString(derTag.utf8String, derUtf8String("x").subarray(2)), "x");
	});

	it("never throws, and gives text back as it was written", () => {
		fc.assert(
			fc.property(fc.constantFrom(...Object.values(derTag)), fc.uint8Array({ maxLength: 24 }), (tag, bytes) => {
				const text = decodeString(tag, bytes);
				assert.ok(text === undefined || text.isWellFormed());
			}),
		);
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				assert.equal(decodeString(derTag.utf8String, Buffer.from(text)), text);
			}),
		);
	});
});
