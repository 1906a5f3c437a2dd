import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	contextTag,
	DerReader,
	derBoolean,
	derConstructed,
	derElement,
	derInteger,
	derNamedBits,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derSetOf,
	derUtf8String,
} from "#pki/der.ts";
import { decodeExtension, noExtensions, readExtensions, type TypedExtensions } from "#pki/extensions.ts";
import { extensionOid } from "#pki/oids.ts";
import { makeGeneralName } from "../../test/support/make-certificate.ts";

function decode(oid: string, value: Uint8Array): { typed: TypedExtensions; faults: string[] } {
	const typed = noExtensions();
	const faults: string[] = [];
	decodeExtension({ oid, isCritical: false, value }, typed, faults);
	return { typed, faults };
}

const uri = makeGeneralName("uri:http://a.example/");

describe("decodeExtension", () => {
	it("reads basicConstraints with the default, spelled out or left out", () => {
		const read = (value: Uint8Array) => decode(extensionOid.basicConstraints, value).typed.basicConstraints;
		assert.deepEqual(read(derSequence()), { isCa: false, pathLength: undefined });
		assert.deepEqual(read(derSequence(derBoolean(false))), { isCa: false, pathLength: undefined });
		assert.deepEqual(read(derSequence(derBoolean(true), derInteger(3))), { isCa: true, pathLength: 3 });
		assert.equal(read(derSequence(derBoolean(true), derInteger(-1))), undefined);
	});

	it("reads every form of distribution point", () => {
		const relative = derSequence(derOid("2.5.4.3"), derUtf8String("crl1"));
		const value = derSequence(
			derSequence(derConstructed(0, derConstructed(0, uri, uri)), derNamedBits(0b11, contextTag(1))),
			derSequence(derConstructed(0, derConstructed(1, relative)), derConstructed(2, makeGeneralName("dn:CN=issuer"))),
		);
		const [full, relativePoint] = decode(extensionOid.crlDistributionPoints, value).typed.crlDistributionPoints ?? [];
		assert.equal(full?.fullName?.length, 2);
		assert.equal(full?.reasons, 0b11);
		assert.equal(full?.relativeName, undefined);
		assert.deepEqual(
			relativePoint?.relativeName?.map(({ text }) => text),
			["crl1"],
		);
		assert.equal(relativePoint?.crlIssuer?.[0]?.kind, "directory");
	});

	it("reads an authorityKeyIdentifier with all three fields", () => {
		const value = derSequence(
			derElement(contextTag(0), Uint8Array.of(7)),
			derConstructed(1, makeGeneralName("dn:CN=issuer")),
			derInteger(9, contextTag(2)),
		);
		const { typed } = decode(extensionOid.authorityKeyIdentifier, value);
		assert.deepEqual(typed.authorityKeyIdentifier?.keyIdentifier, Uint8Array.of(7));
		assert.equal(typed.authorityKeyIdentifier?.issuer?.length, 1);
		assert.deepEqual(typed.authorityKeyIdentifier?.serial, Uint8Array.of(9));
	});

	it("states a fault for each content that RFC 5280 does not allow", () => {
		const subtree = derSequence(makeGeneralName("dns:a.example"));
		const refused: [string, Uint8Array][] = [
			[extensionOid.extendedKeyUsage, derSequence()],
			[extensionOid.subjectAltName, derSequence()],
			[extensionOid.nameConstraints, derSequence()],
			[extensionOid.nameConstraints, derSequence(derConstructed(0))],
			[extensionOid.nameConstraints, derSequence(derConstructed(0, derSequence(uri, derInteger(1, contextTag(0)))))],
			[extensionOid.nameConstraints, derSequence(derConstructed(0, derSequence(uri, derInteger(1, contextTag(1)))))],
			[extensionOid.nameConstraints, derSequence(derConstructed(1, subtree), derConstructed(0, subtree))],
			[extensionOid.certificatePolicies, derSequence()],
			[extensionOid.certificatePolicies, derSequence(derSequence(derOid("1.2.3")), derSequence(derOid("1.2.3")))],
			[extensionOid.policyMappings, derSequence()],
			[extensionOid.policyMappings, derSequence(derSequence(derOid("1.2.3")))],
			[extensionOid.policyConstraints, derSequence()],
			[extensionOid.policyConstraints, derSequence(derInteger(-1, contextTag(0)))],
			[extensionOid.inhibitAnyPolicy, derInteger(-1)],
			[extensionOid.authorityInfoAccess, derSequence()],
			[extensionOid.crlDistributionPoints, derSequence()],
			[extensionOid.keyUsage, derNull()],
			[extensionOid.subjectKeyIdentifier, derNull()],
			[extensionOid.tlsFeature, derSequence(derInteger(70_000))],
			[
				extensionOid.subjectAltName,
				derSequence(
					derConstructed(
						4,
						derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derElement(0x0c, Uint8Array.of(0xff))))),
					),
				),
			],
		];
		for (const [oid, value] of refused) {
			const { typed, faults } = decode(oid, value);
			assert.equal(faults.length, 1, oid);
			assert.deepEqual(typed, noExtensions());
		}
	});

	it("states a fault for octets after the value, and passes over extensions that it does not know", () => {
		const twice = Buffer.concat([derSequence(), derSequence()]);
		assert.deepEqual(decode(extensionOid.basicConstraints, twice).faults, [
			"basicConstraints: 2 octets follow its last field",
		]);
		assert.deepEqual(decode("1.2.3", Uint8Array.of(1, 2, 3)), { typed: noExtensions(), faults: [] });
	});

	it("never throws on random or changed values", () => {
		const oids = fc.constantFrom(...Object.values(extensionOid));
		const samples = [
			derSequence(derSequence(derConstructed(0, derConstructed(0, uri)), derConstructed(2, uri))),
			derSequence(derConstructed(0, derSequence(uri)), derConstructed(1, derSequence(uri))),
			derSequence(derSequence(derOid("1.2.3"), derOid("1.2.4"))),
			derSequence(derSequence(derOid("1.2.3"), uri)),
		];
		fc.assert(
			fc.property(
				oids,
				fc.nat(3),
				fc.nat(40),
				fc.nat(255),
				fc.uint8Array({ maxLength: 30 }),
				(oid, sample, at, octet, random) => {
					const octets = Uint8Array.from(samples[sample] as Uint8Array);
					octets[at] = octet;
					decode(oid, octets);
					decode(oid, random);
				},
			),
		);
	});
});

describe("readExtensions", () => {
	it("reads criticality, default false, and states a fault for a repeated extension", () => {
		const one = (...critical: Uint8Array[]) =>
			derSequence(derOid("1.2.3"), ...critical, derOctetString(Uint8Array.of(1)));
		const faults: string[] = [];
		const reader = new DerReader(derSequence(one(), one(derBoolean(true))));
		const extensions = readExtensions(reader, "extensions", faults);
		assert.equal(reader.reason, undefined);
		assert.deepEqual(
			extensions.map(({ isCritical }) => isCritical),
			[false, true],
		);
		assert.deepEqual(faults, ["extensions: 1.2.3 occurs more than once"]);
	});

	it("refuses an empty list", () => {
		const reader = new DerReader(derSequence());
		readExtensions(reader, "extensions", []);
		assert.notEqual(reader.reason, undefined);
	});
});
