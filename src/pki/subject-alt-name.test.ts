import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derTag } from "#pki/der.ts";
import { generalNameText, readGeneralNames } from "#pki/general-name.ts";
import { checkSubjectAltNames, encodeSubjectAltName, type SubjectAltNames } from "#pki/subject-alt-name.ts";

function textsOf(names: SubjectAltNames): string[] {
	assert.equal(checkSubjectAltNames(names), undefined);
	const reader = new DerReader(encodeSubjectAltName(names));
	const read = readGeneralNames(reader.open(derTag.sequence, "names"), "names", []);
	reader.close("names");
	assert.equal(reader.reason, undefined);
	return read.map(generalNameText);
}

const dns = (name: string) => checkSubjectAltNames({ dns: [name] });
const asterisk = (name: string) =>
	`domain name "${name}": an asterisk must be the whole left-most label, as in *.company.example`;

describe("encodeSubjectAltName", () => {
	it("R70: encodes many names of every kind in one order", () => {
		const texts = textsOf({
			dns: ["www.Company.example.", "shop.company.example", "*.company.example", "intranet"],
			email: ["admin@company.example"],
			ip: ["192.0.2.1", "2001:db8::1"],
			uri: ["spiffe://company.example/gateway"],
		});
		assert.deepEqual(texts, [
			"DNS:www.company.example",
			"DNS:shop.company.example",
			"DNS:*.company.example",
			"DNS:intranet",
			"email:admin@company.example",
			"IP:c0000201",
			"IP:20010db8000000000000000000000001",
			"URI:spiffe://company.example/gateway",
		]);
	});

	it("throws on names that the check refuses, so that none is written unchecked", () => {
		assert.throws(() => encodeSubjectAltName({ dns: ["a b"] }), /subjectAltName: domain name "a b"/);
	});
});

describe("checkSubjectAltNames", () => {
	it("R71: an asterisk is the left-most label with a period after it, and nothing else", () => {
		assert.equal(dns("*.company.example"), undefined);
		for (const name of ["*", "*company.example", "w*.company.example", "www.*.example", "*.*.example", "**.example"])
			assert.equal(dns(name), asterisk(name));
		assert.equal(dns("*."), 'domain name "*.": expected letters, digits and hyphens between periods');
	});

	it("refuses a name outside ASCII and says the A-label to write", () => {
		assert.equal(
			dns("*.blåbær.example"),
			'domain name "*.blåbær.example": not ASCII; write it as *.xn--blbr-roah.example if that is the name you mean',
		);
		assert.equal(dns("xn--blbr-roah.example"), undefined);
		assert.equal(
			dns("å\u0000.example"),
			'domain name "å\\u0000.example": expected letters, digits and hyphens between periods',
		);
	});

	it("refuses NUL, spaces, addresses in the wrong list and names that are too long", () => {
		const form = "expected letters, digits and hyphens between periods";
		assert.equal(dns("a\u0000.example"), `domain name "a\\u0000.example": ${form}`);
		assert.equal(dns("a b.example"), `domain name "a b.example": ${form}`);
		assert.equal(dns("a..example"), `domain name "a..example": ${form}`);
		assert.equal(dns("192.0.2.1"), 'domain name "192.0.2.1": this is an IP address; give it as one');
		const long = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(60)}`;
		assert.equal(dns(long), undefined);
		assert.match(dns(`*.${long}`) ?? "", /expected letters/);
		assert.equal(
			checkSubjectAltNames({ email: ["a@b@c", "x"] }),
			'e-mail address "a@b@c": expected name@company.example',
		);
		assert.match(checkSubjectAltNames({ email: ["æ@b.example"] }) ?? "", /only ASCII/);
		assert.match(checkSubjectAltNames({ email: ["a\u0000@b.example"] }) ?? "", /only ASCII/);
		assert.match(checkSubjectAltNames({ ip: ["192.0.2.0/24"] }) ?? "", /without prefix length/);
		assert.match(checkSubjectAltNames({ uri: ["/path"] }) ?? "", /expected an absolute URI/);
		assert.match(checkSubjectAltNames({ uri: ["http://a/\u0000"] }) ?? "", /expected an absolute URI/);
	});

	it("needs one name and takes at most 1000", () => {
		assert.match(checkSubjectAltNames({}) ?? "", /^no name is given/);
		const names = Array.from({ length: 1000 }, (_, index) => `h${index}.example`);
		assert.equal(checkSubjectAltNames({ dns: names }), undefined);
		assert.equal(checkSubjectAltNames({ dns: names, ip: ["192.0.2.1"] }), "1001 names; at most 1000");
	});

	it("what it lets pass is read back as visible ASCII, whatever the text", () => {
		const list = fc.array(
			fc.oneof(fc.string({ unit: "binary" }), fc.domain(), fc.emailAddress(), fc.webUrl(), fc.ipV6()),
			{
				minLength: 1,
				maxLength: 2,
			},
		);
		fc.assert(
			fc.property(fc.constantFrom("dns", "email", "ip", "uri"), list, (kind, values) => {
				const names = { [kind]: values };
				if (checkSubjectAltNames(names) === undefined) assert.equal(textsOf(names).length, values.length);
			}),
		);
	});
});
