import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DerReader, derOid } from "#pki/der.ts";
import {
	accessMethodOid,
	anyPolicyOid,
	attributeOid,
	attributeShortName,
	curves,
	extensionOid,
	hashName,
	keyAlgorithmOid,
	ocspBasicOid,
	purposeOid,
} from "#pki/oids.ts";

describe("object identifiers", () => {
	it("names each identifier once and only identifiers that DER can hold", () => {
		const all = [
			...Object.values(extensionOid),
			...Object.values(purposeOid),
			...Object.values(accessMethodOid),
			...Object.values(attributeOid),
			...Object.values(keyAlgorithmOid),
			...Object.keys(curves),
			...Object.keys(hashName),
			anyPolicyOid,
			ocspBasicOid,
		];
		assert.equal(new Set(all).size, all.length);
		for (const oid of all) assert.equal(new DerReader(derOid(oid)).oid("oid"), oid);
	});

	it("prints every attribute type by a short name of its own", () => {
		const names = Object.values(attributeOid).map((oid) => attributeShortName[oid]);
		assert.ok(!names.includes(undefined));
		assert.equal(new Set(names).size, names.length);
	});
});
