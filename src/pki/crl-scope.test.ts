import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allReasons, coveredReasons, impliedPoint } from "#pki/crl-scope.ts";
import { derConstructed, derOid, derSequence, derUtf8String } from "#pki/der.ts";
import type { DistributionPoint } from "#pki/extensions.ts";
import { extensionOid } from "#pki/oids.ts";
import { makeCertificate, type TestExtension } from "../../test/support/make-certificate.ts";
import { distributionPoint, makeCrl, type ScopeRequest } from "../../test/support/make-crl.ts";

const ca = makeCertificate({ subject: "O=x,CN=ca", isCa: true });
const other = makeCertificate({ subject: "O=x,CN=other", isCa: true });

function point(extension: TestExtension): DistributionPoint {
	const { certificate } = makeCertificate({ extensions: [extension] });
	return certificate.typed.crlDistributionPoints?.[0] as DistributionPoint;
}

function covered(scope: ScopeRequest | undefined, at: DistributionPoint, isCa = false, signer = ca): number {
	const { certificate } = makeCertificate({ issuer: ca, isCa });
	return coveredReasons(makeCrl({ issuer: signer, ...(scope === undefined ? {} : { scope }) }), at, certificate);
}

const web = point(distributionPoint(["uri:http://a.example/crl"]));
const implied = impliedPoint(ca.certificate.subject);

describe("coveredReasons (V12)", () => {
	it("covers all reasons with a list of the issuer, at any point", () => {
		assert.equal(covered(undefined, web), allReasons);
		assert.equal(covered(undefined, implied), allReasons);
		assert.equal(covered(undefined, web, false, other), 0);
	});

	it("keeps to the kinds of certificates that the list is for", () => {
		assert.equal(covered({ onlyUsers: true }, web), allReasons);
		assert.equal(covered({ onlyUsers: true }, web, true), 0);
		assert.equal(covered({ onlyCas: true }, web), 0);
		assert.equal(covered({ onlyCas: true }, web, true), allReasons);
		assert.equal(covered({ onlyAttributes: true }, web), 0);
	});

	it("matches the point's names, full or relative", () => {
		assert.equal(covered({ names: ["uri:http://a.example/crl"] }, web), allReasons);
		assert.equal(covered({ names: ["uri:http://b.example/crl", "uri:http://a.example/crl"] }, web), allReasons);
		assert.equal(covered({ names: ["uri:http://b.example/crl"] }, web), 0);
		assert.equal(covered({ names: ["dn:O=x,CN=ca"] }, implied), allReasons);
		assert.equal(covered({ names: ["uri:http://a.example/crl"] }, implied), 0);
		const relative = derSequence(derOid("2.5.4.3"), derUtf8String("part 1"));
		const value = derSequence(derSequence(derConstructed(0, derConstructed(1, relative))));
		const relativePoint = point({ oid: extensionOid.crlDistributionPoints, value });
		assert.equal(covered({ names: ["dn:O=x,CN=ca,CN=Part  1"] }, relativePoint), allReasons);
		assert.equal(covered({ names: ["dn:O=x,CN=ca,CN=part 2"] }, relativePoint), 0);
	});

	it("keeps to the reasons of the point and of the list", () => {
		assert.equal(covered({ reasons: 0b110 }, web), 0b110);
		const some = point(distributionPoint(["uri:http://a.example/crl"], undefined, 0b1100));
		assert.equal(covered({ reasons: 0b110 }, some), 0b100);
		assert.equal(covered(undefined, some), 0b1100);
	});

	it("takes a list of another issuer only when the point names it and the list is indirect", () => {
		const indirect = point(distributionPoint([], "O=x,CN=other"));
		assert.equal(covered({ isIndirect: true }, indirect, false, other), allReasons);
		assert.equal(covered({}, indirect, false, other), 0);
		assert.equal(covered({ isIndirect: true }, web, false, other), 0);
		assert.equal(covered({ isIndirect: true, names: ["dn:O=x,CN=other"] }, indirect, false, other), allReasons);
		assert.equal(covered({ isIndirect: true, names: ["dn:O=x,CN=ca"] }, indirect, false, other), 0);
		const named = point(distributionPoint(["uri:http://a.example/crl"], "O=x,CN=other"));
		assert.equal(covered({ isIndirect: true, names: ["uri:http://a.example/crl"] }, named, false, other), allReasons);
	});
});
