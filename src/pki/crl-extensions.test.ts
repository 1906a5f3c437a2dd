import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeCrlEntryExtensions, decodeCrlExtensions } from "#pki/crl-extensions.ts";
import { derEnumerated, derInteger, derSequence } from "#pki/der.ts";
import type { Extension } from "#pki/extensions.ts";
import { extensionOid } from "#pki/oids.ts";
import { makeGeneralName } from "../../test/support/make-certificate.ts";
import { scopeValue } from "../../test/support/make-crl.ts";

function extension(oid: string, value: Uint8Array, isCritical = false): Extension {
	return { oid, isCritical, value };
}

describe("decodeCrlExtensions", () => {
	it("reads number, base and scope", () => {
		const faults: string[] = [];
		const scope = { names: ["uri:http://a.example/"], onlyUsers: true, reasons: 0b110, isIndirect: true };
		const values = decodeCrlExtensions(
			[
				extension(extensionOid.crlNumber, derInteger(300)),
				extension(extensionOid.deltaCrlIndicator, derInteger(299), true),
				extension(extensionOid.issuingDistributionPoint, scopeValue(scope), true),
			],
			faults,
		);
		assert.deepEqual(faults, []);
		assert.deepEqual(values.number, Uint8Array.of(1, 44));
		assert.deepEqual(values.deltaBase, Uint8Array.of(1, 43));
		const { raw, fullName, ...flags } = values.issuingDistributionPoint ?? { raw: undefined, fullName: undefined };
		assert.deepEqual(raw, scopeValue(scope));
		assert.equal(fullName?.length, 1);
		assert.deepEqual(flags, {
			relativeName: undefined,
			onlyUserCertificates: true,
			onlyCaCertificates: false,
			onlySomeReasons: 0b110,
			isIndirect: true,
			onlyAttributeCertificates: false,
		});
	});

	it("states a fault for what cannot be read and for unknown critical extensions", () => {
		for (const wrong of [
			extension(extensionOid.crlNumber, derInteger(-1)),
			extension(extensionOid.crlNumber, derSequence()),
			extension(extensionOid.issuingDistributionPoint, derInteger(1), true),
			extension(extensionOid.issuingDistributionPoint, scopeValue({ onlyUsers: true, onlyCas: true }), true),
			extension("1.2.3", derInteger(1), true),
		]) {
			const faults: string[] = [];
			decodeCrlExtensions([wrong], faults);
			assert.equal(faults.length, 1, wrong.oid);
		}
		const faults: string[] = [];
		decodeCrlExtensions([extension("1.2.3", derInteger(1))], faults);
		assert.deepEqual(faults, []);
	});

	it("never throws", () => {
		fc.assert(
			fc.property(fc.constantFrom(...Object.values(extensionOid)), fc.uint8Array({ maxLength: 40 }), (oid, value) => {
				decodeCrlExtensions([extension(oid, value, true)], []);
				decodeCrlEntryExtensions([extension(oid, value, true)], []);
			}),
		);
	});
});

describe("decodeCrlEntryExtensions", () => {
	it("reads reason and certificate issuer, and refuses an issuer without directory name", () => {
		const faults: string[] = [];
		const issuer = derSequence(makeGeneralName("dn:CN=ca"));
		const values = decodeCrlEntryExtensions(
			[extension(extensionOid.reasonCode, derEnumerated(1)), extension(extensionOid.certificateIssuer, issuer, true)],
			faults,
		);
		assert.deepEqual([values.reason, values.certificateIssuer?.text, faults], [1, "CN=ca", []]);
		const named = derSequence(makeGeneralName("dns:ca.example"));
		decodeCrlEntryExtensions([extension(extensionOid.certificateIssuer, named, true)], faults);
		decodeCrlEntryExtensions([extension("1.2.3", named, true)], faults);
		assert.equal(faults.length, 2);
	});
});
