import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeIdentification, encodeIdentification, identityType } from "#ike/wire/identification.ts";

test("B26: identities have the numbers of the registry", () => {
	assert.deepEqual(identityType, {
		ipv4: 1,
		fqdn: 2,
		email: 3,
		ipv6: 5,
		distinguishedName: 9,
		generalName: 10,
		keyId: 11,
	});
	const body = encodeIdentification({ idType: identityType.fqdn, data: Buffer.from("a.example") });
	assert.equal(Buffer.from(body).toString("latin1"), "\x02\0\0\0a.example");
});

test("B26: an address of the wrong length is malformed", () => {
	assert.equal(decodeIdentification(Uint8Array.of(1, 0, 0, 0, 10, 0, 0)).kind, "malformed");
	assert.equal(decodeIdentification(Uint8Array.of(1, 0, 0, 0, 10, 0, 0, 1)).kind, "done");
	assert.equal(decodeIdentification(Uint8Array.of(5, 0, 0, 0, 10, 0, 0, 1)).kind, "malformed");
});

test("no octets make decodeIdentification throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeIdentification(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeIdentification(encodeIdentification(decoded.value)).kind, "done");
		}),
	);
});
