import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derConstructed, derElement, derOid, derSequence, derUtf8String } from "#pki/der.ts";
import { type GeneralName, generalNameText, readGeneralName, readGeneralNames } from "#pki/general-name.ts";
import { makeGeneralName } from "../../test/support/make-certificate.ts";

function read(der: Uint8Array): GeneralName {
	const reader = new DerReader(der);
	const name = readGeneralName(reader, "name", []);
	assert.equal(reader.reason, undefined);
	assert.deepEqual(name.raw, der);
	return name;
}

describe("readGeneralName", () => {
	it("reads every kind and keeps the whole element", () => {
		const shown: [Uint8Array, string][] = [
			[makeGeneralName("dns:*.shop.example"), "DNS:*.shop.example"],
			[makeGeneralName("email:a@shop.example"), "email:a@shop.example"],
			[makeGeneralName("uri:http://shop.example/"), "URI:http://shop.example/"],
			[makeGeneralName("192.0.2.1"), "IP:c0000201"],
			[makeGeneralName("dn:CN=a"), "directoryName:CN=a"],
			[derConstructed(0, derOid("1.2.3"), derConstructed(0, derUtf8String("x"))), "otherName:1.2.3"],
			[derOid("1.2.3", 0x88), "registeredID:1.2.3"],
			[derConstructed(3), "x400Address"],
			[derConstructed(5), "ediPartyName"],
		];
		for (const [der, text] of shown) assert.equal(generalNameText(read(der)), text);
	});

	it("refuses other tags, and text with NUL, control or non-ASCII characters", () => {
		const refused = [
			derUtf8String("a"),
			derElement(0x82, Uint8Array.of(0x61, 0x00)),
			derElement(0x82, Uint8Array.of(0x61, 0x0a)),
			derElement(0x86, Uint8Array.of(0x7f)),
			derElement(0x81, Uint8Array.of(0xe6)),
			derConstructed(4),
			derConstructed(0, derOid("1.2.3")),
			new Uint8Array(),
		];
		for (const der of refused) {
			const reader = new DerReader(der);
			readGeneralName(reader, "name", []);
			assert.notEqual(reader.reason, undefined, Buffer.from(der).toString("hex"));
		}
	});

	it("needs at least one name in a list", () => {
		const reader = new DerReader(derSequence());
		readGeneralNames(reader.open(0x30, "names"), "names", []);
		assert.equal(reader.reason, "names: expected a GeneralName, got nothing");
	});

	it("never throws", () => {
		const octets = fc.uint8Array({ maxLength: 40 });
		fc.assert(
			fc.property(fc.integer({ min: 0x80, max: 0xaf }), octets, (tag, content) => {
				const reader = new DerReader(derElement(tag, content));
				for (const name of readGeneralNames(reader, "names", [])) assert.equal(typeof generalNameText(name), "string");
			}),
		);
	});
});
