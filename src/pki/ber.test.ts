import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contentOf, normalizeBer } from "#pki/ber.ts";
import { derElement, derInteger, derOctetString, derSequence } from "#pki/der.ts";
import { pkiFiles } from "../../test/support/pki-files.ts";

function normal(...octets: number[]): Uint8Array {
	const decoded = normalizeBer(Uint8Array.from(octets));
	assert.equal(decoded.kind, "done", JSON.stringify(decoded));
	return (decoded as { value: Uint8Array }).value;
}

function reasonOf(...octets: number[]): string {
	return reasonFor(Uint8Array.from(octets));
}

function reasonFor(octets: Uint8Array): string {
	const decoded = normalizeBer(octets);
	assert.equal(decoded.kind, "malformed");
	return (decoded as { reason: string }).reason;
}

describe("normalizeBer", () => {
	it("makes indefinite lengths definite, long ones minimal, and strings in pieces whole", () => {
		assert.deepEqual(
			normal(0x30, 0x80, 0x02, 0x01, 5, 0x30, 0x80, 0, 0, 0, 0),
			derSequence(derInteger(5), derSequence()),
		);
		assert.deepEqual(normal(0x30, 0x83, 0, 0, 3, 0x02, 0x01, 5), derSequence(derInteger(5)));
		assert.deepEqual(normal(0x24, 0x80, 0x04, 1, 7, 0x24, 3, 0x04, 1, 8, 0, 0), derOctetString(Uint8Array.of(7, 8)));
		assert.deepEqual(normal(0x24, 0), derOctetString());
	});

	it("leaves DER as it is", () => {
		for (const der of [...pkiFiles("certificate"), ...pkiFiles("request"), ...pkiFiles("crl.der")])
			assert.deepEqual(Buffer.from(normal(...der)), der);
	});

	it("says what is wrong", () => {
		assert.equal(reasonOf(), "cut short");
		assert.equal(reasonOf(0x30, 0x80, 0x02, 1, 5), "cut short");
		assert.equal(reasonOf(0x30, 2, 0), "2 octets announced, 1 there");
		assert.equal(reasonOf(0x30, 0x85, 0, 0, 0, 0, 1), "a length of 5 octets");
		assert.equal(reasonOf(0x30, 2, 0x04, 5), "5 octets announced, 0 there");
		assert.equal(reasonOf(0x30, 3, 0x04, 2, 1, 1, 1), "an element is longer than the one around it");
		assert.equal(reasonOf(0x04, 0x80), "a primitive element of indefinite length");
		assert.equal(reasonOf(0x1f, 1, 0), "tag numbers above 30 are not used here");
		assert.equal(reasonOf(0x30, 0, 0), "1 octets follow the file's content");
		assert.equal(reasonOf(0x24, 3, 0x02, 1, 5), "a piece of an OCTET STRING is of another type");
	});

	it("bounds depth, elements and octets, whatever is announced", () => {
		assert.equal(reasonFor(Buffer.alloc(200_000, Buffer.of(0x30, 0x80))), "nested deeper than 32");
		const nulls = derSequence(Buffer.alloc(140_000, Buffer.of(5, 0)));
		assert.equal(reasonFor(nulls.subarray(0, 120_000)), "140000 octets announced, 119995 there");
		assert.equal(reasonFor(nulls), "more than 65536 elements");
		assert.equal(reasonFor(new Uint8Array(4_194_305)), "4194305 octets; at most 4194304 are read");
	});

	it("never throws, and what it makes it makes once", () => {
		const edit = fc.tuple(fc.nat(), fc.constantFrom(0, 0x80, 0x30, 0x24, 0x04, 0x81, 0xff));
		const files = [...pkiFiles("pkcs7-indefinite"), ...pkiFiles("pkcs12-nss")];
		fc.assert(
			fc.property(fc.constantFrom(...files), fc.array(edit, { maxLength: 6 }), (file, edits) => {
				const mutated = Uint8Array.from(file);
				for (const [at, octet] of edits) mutated[at % file.length] = octet;
				const once = normalizeBer(mutated);
				if (once.kind === "done") assert.deepEqual(normalizeBer(once.value), { ...once, octets: once.value.length });
			}),
		);
	});
});

describe("contentOf", () => {
	it("is what stands after tag and length", () => {
		for (const length of [0, 1, 127, 128, 300]) {
			const content = new Uint8Array(length).fill(7);
			assert.deepEqual(contentOf(derElement(4, content)), content);
		}
	});
});
