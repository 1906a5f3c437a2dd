import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derTag } from "#pki/der.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";
import { attributeOid } from "#pki/oids.ts";

function parse(text: string): DistinguishedName {
	const parsed = parseDistinguishedName(text);
	assert.equal(parsed.kind, "name", JSON.stringify(parsed));
	const faults: string[] = [];
	const reader = new DerReader((parsed as { der: Uint8Array }).der);
	const name = readName(reader, "subject", faults);
	reader.close("subject");
	assert.deepEqual([reader.reason, faults], [undefined, []]);
	return name;
}

function reasonOf(text: string): string {
	const parsed = parseDistinguishedName(text);
	assert.equal(parsed.kind, "refused", text);
	return (parsed as { reason: string }).reason;
}

describe("parseDistinguishedName", () => {
	it("reads the subject of a Junos request, several OU and DC among it, and prints what was written", () => {
		const text = "CN=vpn.example,CN=10.1.1.1,OU=Sales,OU=North,O=Example AS,L=Oslo,ST=Oslo,C=NO,DC=corp,DC=example";
		const name = parse(text);
		assert.equal(name.text, text);
		assert.deepEqual(name.valuesOf(attributeOid.organizationalUnitName), ["North", "Sales"]);
		assert.equal(parse(" c = no , o = Example ,cn=a ").text, "C=NO,O=Example,CN=a");
		assert.equal(
			parse("SN=AB12/3,E=a@b.example,S=Viken").text,
			"serialNumber=AB12/3,emailAddress=a@b.example,ST=Viken",
		);
	});

	it("puts each value into the string type that its attribute has", () => {
		const name = parse("CN=a,C=NO,DC=example,E=a@b.example,SN=1");
		const tags = name.relativeNames.map(([attribute]) => attribute?.value[0]);
		const { utf8String, printableString, ia5String } = derTag;
		assert.deepEqual(tags.reverse(), [utf8String, printableString, ia5String, ia5String, printableString]);
	});

	it("takes escapes, quotation marks and attributes that are joined by a plus", () => {
		assert.deepEqual(parse("O=A\\,B \\+C\\3d\\c3\\a6").valuesOf(attributeOid.organizationName), ["A,B +C=æ"]);
		assert.deepEqual(parse('O="A, B; <C>\\"" , C=NO').valuesOf(attributeOid.organizationName), ['A, B; <C>"']);
		assert.deepEqual(parse("O=  a b \\  ,C=NO").valuesOf(attributeOid.organizationName), ["a b  "]);
		assert.deepEqual(parse('O=" a "').valuesOf(attributeOid.organizationName), [" a "]);
		assert.deepEqual(parse("CN=a=b").valuesOf(attributeOid.commonName), ["a=b"]);
		assert.equal(parse("CN=a+UID=b,O=c").relativeNames.length, 2);
	});

	it("refuses what is outside the bounds of X.520, and says what it expected", () => {
		assert.equal(parse(`CN=${"å".repeat(64)}`).valuesOf(attributeOid.commonName)[0]?.length, 64);
		assert.equal(reasonOf(`CN=${"å".repeat(65)}`), "CN: at most 64 characters, got 65");
		assert.equal(reasonOf(`OU=${"a".repeat(65)}`), "OU: at most 64 characters, got 65");
		assert.equal(reasonOf(`L=${"a".repeat(129)}`), "L: at most 128 characters, got 129");
		assert.equal(reasonOf("C=NOR"), "C: at most 2 characters, got 3");
		assert.equal(reasonOf("C=N1"), 'C: expected the two letters of a country, got "N1"');
		assert.equal(
			reasonOf("DC=a.example"),
			'DC: expected one label of a domain name; write a DC for each, got "a.example"',
		);
		assert.equal(reasonOf("E=nobody"), 'E: expected an address such as a@company.example, got "nobody"');
		assert.equal(reasonOf("E=æ@b.example"), 'E: expected an address such as a@company.example, got "æ@b.example"');
		assert.equal(reasonOf("SN=1*2"), 'SN: expected letters, digits and \'()+,-./:=? only, got "1*2"');
		assert.equal(reasonOf(`CN=${"a".repeat(9000)}`), "a subject of 9003 characters; at most 8192");
		assert.equal(reasonOf(`${"OU=a,".repeat(64)}OU=a`), "65 attributes; at most 64");
	});

	it("refuses text that is no name, NUL and control characters, and escapes that mean nothing", () => {
		assert.equal(reasonOf(""), 'expected an attribute such as CN=name, got ""');
		assert.equal(reasonOf("CN=a,"), 'expected an attribute such as CN=name, got ""');
		assert.equal(reasonOf("/C=NO/CN=a"), 'expected an attribute such as CN=name, got "/C=NO/CN=a"');
		assert.match(reasonOf("X=a"), /^"X" is not a known attribute; expected one of CN, OU, /);
		assert.match(reasonOf("constructor=a"), /^"constructor" is not a known attribute/);
		assert.equal(reasonOf("CN="), "CN: the value is empty");
		assert.equal(reasonOf("CN=a\u0000b"), "CN: the value holds a control character");
		assert.equal(reasonOf("CN=a\\00b"), "CN: the value holds a control character");
		assert.equal(reasonOf("CN=a\\c3"), "CN: the escaped octets are not UTF-8");
		assert.match(reasonOf("CN=a\\q"), /^CN: after \\ expected one of/);
		assert.match(reasonOf("CN=a\\"), /^CN: after \\ expected one of/);
		assert.equal(reasonOf("CN=a;b"), "CN: write \\; for the character ;");
		assert.equal(reasonOf('CN=a"b'), 'CN: write \\" for the character "');
		assert.equal(reasonOf('CN="a'), "CN: the closing quotation mark is missing");
		assert.equal(reasonOf('CN="a"b'), "CN: expected a comma after the quotation mark");
		assert.match(reasonOf("CN=#0c0161"), /^CN: a value in hexadecimal form is not taken/);
		assert.equal(reasonOf("CN=\ud800"), "the subject is not valid Unicode");
	});

	it("gives back the same encoding from what it prints, whatever the values", () => {
		const value = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
		const written = (text: string) => [...Buffer.from(text)].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`);
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.constantFrom("CN", "OU", "O", "L", "UID"), value), { minLength: 1 }),
				(pairs) => {
					const name = parse(pairs.map(([label, text]) => `${label}=${written(text).join("")}`).join(","));
					assert.deepEqual(parse(name.text).raw, name.raw);
				},
			),
		);
	});

	it("never throws", () => {
		const pieces = fc.constantFrom("CN=", "C=", ",", "+", '"', "\\", "\\41", "#", " ", "a", "æ", "\u0000", "=", ";");
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.array(pieces).map((list) => list.join("")),
				),
				(text) => {
					assert.match(parseDistinguishedName(text).kind, /^(name|refused)$/);
				},
			),
		);
	});
});
