import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeSecurityAssociation, encodeSecurityAssociation, type Proposal } from "#ike/wire/security-association.ts";
import { proposals } from "../../../test/support/ike-arbitraries.ts";

const sample: readonly Proposal[] = [
	{
		number: 1,
		protocol: 3,
		spi: Uint8Array.of(1, 2, 3, 4),
		transforms: [
			{ type: 1, id: 12, keyBits: 256 },
			{ type: 3, id: 12 },
			{ type: 5, id: 0 },
		],
	},
];

test("a proposal is written as RFC 7296 draws it", () => {
	assert.equal(
		Buffer.from(encodeSecurityAssociation(sample)).toString("hex"),
		"0000002801030403010203040300000c0100000c800e0100030000080300000c0000000805000000",
	);
});

test("what encodeSecurityAssociation writes, decodeSecurityAssociation reads", () => {
	fc.assert(
		fc.property(proposals, (value) => {
			const decoded = decodeSecurityAssociation(encodeSecurityAssociation(value));
			assert.ok(decoded.kind === "done");
			assert.deepEqual(decoded.value, value);
		}),
	);
});

test("an attribute that is not known marks its transform", () => {
	const body = encodeSecurityAssociation(sample);
	const at = Buffer.from(body).indexOf(Buffer.from("800e0100", "hex"));
	body[at + 1] = 0x0f;
	const decoded = decodeSecurityAssociation(body);
	assert.ok(decoded.kind === "done");
	assert.equal(decoded.value[0]?.transforms[0]?.hasUnknownAttribute, true);
});

test("each prefix of an SA is malformed, and each octet behind it", () => {
	const body = encodeSecurityAssociation(sample);
	for (let end = 0; end < body.length; end++)
		assert.equal(decodeSecurityAssociation(body.subarray(0, end)).kind, "malformed");
	assert.equal(decodeSecurityAssociation(Buffer.concat([body, Uint8Array.of(0)])).kind, "malformed");
});

test("more than 32 proposals are not read", () => {
	const many = Array.from({ length: 33 }, () => sample[0] as Proposal);
	assert.equal(decodeSecurityAssociation(encodeSecurityAssociation(many)).kind, "malformed");
});

test("no octets make it throw, changed ones neither", () => {
	const body = encodeSecurityAssociation(sample);
	fc.assert(
		fc.property(fc.nat(body.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 60 }), (at, octet, any) => {
			const changed = Uint8Array.from(body);
			changed[at] = octet;
			assert.notEqual(decodeSecurityAssociation(changed).kind, "need-more");
			assert.notEqual(decodeSecurityAssociation(any).kind, "need-more");
		}),
	);
});
