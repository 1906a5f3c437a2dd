import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { rootCertificates } from "node:tls";
import fc from "fast-check";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { contextTag, derElement, derInteger, derOctetString, derOid, derSequence } from "#pki/der.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { accessMethodOid, anyPolicyOid, extensionOid, purposeOid } from "#pki/oids.ts";
import { makeCertificate, makeChain, makeGeneralName } from "../../test/support/make-certificate.ts";

function decode(der: Uint8Array): Certificate {
	const decoded = decodeCertificate(der);
	assert.equal(decoded.kind, "done");
	return (decoded as { value: Certificate }).value;
}

const roots = rootCertificates.map((pem) => new X509Certificate(pem));

describe("decodeCertificate", () => {
	it("reads every root that the runtime brings, without a fault, as node:crypto reads it", () => {
		assert.ok(roots.length > 100);
		for (const root of roots) {
			const certificate = decode(root.raw);
			assert.deepEqual(certificate.faults, []);
			assert.equal(certificate.fingerprint, root.fingerprint256.replaceAll(":", "").toLowerCase());
			assert.equal(certificate.notBefore, root.validFromDate.getTime());
			assert.equal(certificate.notAfter, root.validToDate.getTime());
			assert.equal(BigInt(`0x${certificate.serialText}`), BigInt(`0x${root.serialNumber}`));
			assert.equal(certificate.typed.basicConstraints?.isCa ?? false, root.ca);
			assert.equal(
				certificate.publicKey.bits,
				root.publicKey.asymmetricKeyDetails?.modulusLength ?? certificate.publicKey.bits,
			);
			assert.ok(certificate.isSelfIssued);
		}
	});

	it("gives the typed fields of a leaf and an intermediate", () => {
		const { root, intermediate, leaf } = makeChain(["shop.example", "192.0.2.1"]);
		const { certificate } = leaf;
		assert.equal(certificate.version, 3);
		assert.equal(certificate.subject.text, "CN=shop.example");
		assert.equal(certificate.issuer.text, "CN=Test Intermediate,O=Sallyport Test");
		assert.deepEqual(certificate.issuer.raw, intermediate.certificate.subject.raw);
		assert.equal(certificate.publicKey.kind, "ec");
		assert.equal(certificate.publicKey.curve, "P-256");
		assert.equal(certificate.publicKey.bits, 256);
		assert.equal(certificate.typed.keyUsage, keyUsageBit.digitalSignature);
		assert.deepEqual(certificate.typed.extendedKeyUsage, [purposeOid.serverAuth]);
		assert.deepEqual(
			certificate.typed.subjectAltName?.map((name) => name.kind),
			["dns", "ip"],
		);
		assert.deepEqual(
			certificate.typed.authorityKeyIdentifier?.keyIdentifier,
			intermediate.certificate.typed.subjectKeyIdentifier,
		);
		assert.deepEqual(intermediate.certificate.typed.basicConstraints, { isCa: true, pathLength: 0 });
		assert.deepEqual(root.certificate.typed.basicConstraints, { isCa: true, pathLength: undefined });
		assert.ok(root.certificate.isSelfIssued);
		assert.ok(!certificate.isSelfIssued);
		assert.equal(certificate.extension(extensionOid.keyUsage)?.isCritical, true);
	});

	it("gives the policy, revocation and access extensions", () => {
		const uri = makeGeneralName("uri:http://ca.example/x");
		const access = (method: string) => derSequence(derOid(method), uri);
		const point = derSequence(derElement(0xa0, derElement(0xa0, uri)));
		const { certificate } = makeCertificate({
			extensions: [
				{
					oid: extensionOid.authorityInfoAccess,
					value: derSequence(access(accessMethodOid.ocsp), access(accessMethodOid.caIssuers)),
				},
				{ oid: extensionOid.crlDistributionPoints, value: derSequence(point) },
				{ oid: extensionOid.freshestCrl, value: derSequence(point) },
				{ oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) },
				{ oid: extensionOid.certificatePolicies, value: derSequence(derSequence(derOid(anyPolicyOid))) },
				{ oid: extensionOid.policyMappings, value: derSequence(derSequence(derOid("1.2.3"), derOid("1.2.4"))) },
				{
					oid: extensionOid.policyConstraints,
					value: derSequence(derInteger(0, contextTag(0)), derInteger(3, contextTag(1))),
				},
				{ oid: extensionOid.inhibitAnyPolicy, value: derInteger(2) },
				{ oid: extensionOid.signedCertificateTimestamps, value: derOctetString(Uint8Array.of(0, 0)) },
				{
					oid: extensionOid.nameConstraints,
					value: derSequence(
						derElement(0xa0, derSequence(makeGeneralName("dns:example"))),
						derElement(0xa1, derSequence(makeGeneralName("email:.example"))),
					),
				},
			],
		});
		const { typed } = certificate;
		assert.deepEqual(certificate.faults, []);
		assert.deepEqual(
			typed.authorityInfoAccess?.map(({ method, location }) => [method, location.kind === "uri" && location.text]),
			[
				[accessMethodOid.ocsp, "http://ca.example/x"],
				[accessMethodOid.caIssuers, "http://ca.example/x"],
			],
		);
		assert.equal(typed.crlDistributionPoints?.[0]?.fullName?.[0]?.kind, "uri");
		assert.equal(typed.freshestCrl?.length, 1);
		assert.deepEqual(typed.tlsFeatures, [5]);
		assert.deepEqual(typed.certificatePolicies, [anyPolicyOid]);
		assert.deepEqual(typed.policyMappings, [{ issuerDomain: "1.2.3", subjectDomain: "1.2.4" }]);
		assert.deepEqual(typed.policyConstraints, { requireExplicitPolicy: 0, inhibitPolicyMapping: 3 });
		assert.equal(typed.inhibitAnyPolicy, 2);
		assert.deepEqual(typed.signedCertificateTimestamps, Uint8Array.of(0, 0));
		assert.equal(typed.nameConstraints?.permitted[0]?.kind, "dns");
		assert.equal(typed.nameConstraints?.excluded[0]?.kind, "email");
	});

	it("R54: tells versions 1 and 2 and calls extensions in them a fault", () => {
		const all = [extensionOid.basicConstraints, extensionOid.keyUsage, extensionOid.subjectKeyIdentifier];
		const bare = makeCertificate({ version: 1, names: [], extendedKeyUsage: [], without: all }).certificate;
		assert.equal(bare.version, 1);
		assert.deepEqual(bare.faults, []);
		const { certificate } = makeCertificate({ version: 2 });
		assert.equal(certificate.version, 2);
		assert.deepEqual(certificate.faults, ["extensions in a version 2 certificate"]);
	});

	it("states a fault, and no value, for an extension that is repeated or unreadable", () => {
		const broken = makeCertificate({ extensions: [{ oid: extensionOid.keyUsage, value: derInteger(1) }] }).certificate;
		assert.deepEqual(broken.faults, ["keyUsage: expected tag 0x03, got 0x02"]);
		assert.equal(broken.typed.keyUsage, undefined);
		const twice = makeCertificate({
			extensions: [
				{ oid: extensionOid.inhibitAnyPolicy, value: derInteger(1) },
				{ oid: extensionOid.inhibitAnyPolicy, value: derInteger(1) },
			],
		}).certificate;
		assert.deepEqual(twice.faults, ["extensions: 2.5.29.54 occurs more than once"]);
	});

	it("states a fault for bad UTF-8 and for NUL in a subject or a subjectAltName", () => {
		const name = (octets: number[]) =>
			derSequence(derElement(0x31, derSequence(derOid("2.5.4.3"), derElement(0x0c, Uint8Array.from(octets)))));
		for (const octets of [
			[0xc3, 0x28],
			[0x61, 0, 0x62],
		]) {
			const { certificate } = makeCertificate({ subject: name(octets) });
			assert.match(certificate.faults.join(), /CN is not valid text of its string type/);
		}
		const { certificate } = makeCertificate({ names: ["dns:good.example\u0000.evil.example"] });
		assert.deepEqual(certificate.faults, ["subjectAltName: a name holds an octet that is no visible ASCII character"]);
		assert.equal(certificate.typed.subjectAltName, undefined);
	});

	it("keeps at most 16 faults, however many there are", () => {
		const extensions = Array.from({ length: 500 }, () => ({ oid: "1.2.3", value: derInteger(1) }));
		assert.equal(makeCertificate({ extensions }).certificate.faults.length, 16);
	});

	it("keeps a negative serial as it is and shows a leading zero octet as none", () => {
		assert.equal(makeCertificate({ serial: -2n }).certificate.serialText, "FE");
		assert.equal(makeCertificate({ serial: 0x80n }).certificate.serialText, "80");
		assert.equal(makeCertificate({ serial: 0n }).certificate.serialText, "00");
	});

	it("V16: reads 10,000 names and refuses a certificate above 1 MiB", () => {
		const names = Array.from({ length: 10_000 }, (_, index) => `host-${index}.large.example`);
		assert.equal(makeCertificate({ names }).certificate.typed.subjectAltName?.length, 10_000);
		const huge = new Uint8Array(4 * 1_048_576);
		huge.set([0x30, 0x83, 0x3f, 0xff, 0xfb]);
		assert.deepEqual(decodeCertificate(huge), {
			kind: "malformed",
			reason: "certificate: 4194304 octets, at most 1048576 are read",
		});
	});

	it("refuses indefinite lengths, octets after the certificate and every cut-short certificate", () => {
		const { der } = makeCertificate();
		const indefinite = Uint8Array.from(der);
		indefinite[1] = 0x80;
		assert.equal(decodeCertificate(indefinite).kind, "malformed");
		assert.equal(decodeCertificate(Buffer.concat([der, Uint8Array.of(0)])).kind, "malformed");
		for (let length = 0; length < der.length; length++)
			assert.equal(decodeCertificate(der.subarray(0, length)).kind, "malformed");
	});

	it("never throws on random octets or on changed real certificates", () => {
		const originals = [makeChain(["a.example", "10.0.0.1"]).leaf.der, ...roots.slice(0, 20).map((root) => root.raw)];
		const change = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 }));
		const changeSets = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 20 });
		fc.assert(
			fc.property(fc.nat(originals.length - 1), changeSets, (index, sets) => {
				for (const changes of sets) {
					const octets = Uint8Array.from(originals[index] as Uint8Array);
					for (const [at, value] of changes) octets[Math.floor(at * octets.length)] = value;
					const decoded = decodeCertificate(octets);
					assert.notEqual(decoded.kind, "need-more");
					if (decoded.kind === "done") touchEverything(decoded.value);
				}
			}),
		);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
				assert.equal(decodeCertificate(octets).kind, "malformed");
			}),
		);
	});
});

function touchEverything(certificate: Certificate): void {
	assert.equal(typeof certificate.subject.text + typeof certificate.issuer.key, "stringstring");
	assert.equal(typeof certificate.isSelfIssued, "boolean");
	assert.equal(certificate.fingerprint.length, 64);
	assert.ok(Number.isFinite(certificate.notBefore) && Number.isFinite(certificate.notAfter));
}
