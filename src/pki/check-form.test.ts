import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { rootCertificates } from "node:tls";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { checkCertificate, type Place } from "#pki/check-certificate.ts";
import { checkForm } from "#pki/check-form.ts";
import { contextTag, derBoolean, derElement, derInteger, derOctetString, derOid, derSequence } from "#pki/der.ts";
import { accessMethodOid, extensionOid, purposeOid } from "#pki/oids.ts";
import { type ProfileName, type RefusalCode, refusalTable, validationProfiles } from "#pki/validation-profile.ts";
import {
	type CertificateRequest,
	type Made,
	makeCertificate,
	makeGeneralName,
} from "../../test/support/make-certificate.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const profileNames: readonly ProfileName[] = ["strict", "web-pki", "lenient"];

function codeIn(
	profile: ProfileName,
	certificate: Certificate,
	place: Place,
	isPublicSuffix?: (name: string) => boolean,
) {
	const context = { profile: validationProfiles[profile], now: 0, purpose: purposeOid.serverAuth, isPublicSuffix };
	return checkForm(certificate, place, 0, context)?.code;
}

/** The rule alone is broken: exactly the profiles that the table names refuse, and with this code. */
function breaks(code: RefusalCode, request: CertificateRequest, place: Place = "leaf", issuer: Made | null = root) {
	const { certificate } = makeCertificate({ ...(issuer === null ? {} : { issuer }), ...request });
	for (const profile of profileNames) {
		const expected = refusalTable[code].in.includes(profile) ? code : undefined;
		assert.equal(codeIn(profile, certificate, place), expected, `${code} in ${profile}`);
	}
}

function keyIdentifier(of: Made): Uint8Array {
	return derElement(contextTag(0), of.certificate.typed.subjectKeyIdentifier ?? new Uint8Array());
}

describe("checkForm", () => {
	it("passes a usual leaf, intermediate and root in every profile", () => {
		const intermediate = makeCertificate({ subject: "CN=ca", isCa: true, issuer: root });
		const leaf = makeCertificate({
			subject: "CN=a.example",
			names: ["a.example", "*.b.example", "192.0.2.1"],
			issuer: intermediate,
		});
		for (const profile of profileNames) {
			assert.equal(codeIn(profile, root.certificate, "anchor"), undefined);
			assert.equal(codeIn(profile, intermediate.certificate, "intermediate"), undefined);
			assert.equal(codeIn(profile, leaf.certificate, "leaf"), undefined);
		}
	});

	it("refuses none of the roots that the runtime brings, as anchors", () => {
		const purpose = purposeOid.serverAuth;
		for (const pem of rootCertificates) {
			const decoded = decodeCertificate(new X509Certificate(pem).raw);
			assert.equal(decoded.kind, "done");
			const { value } = decoded as Extract<typeof decoded, { kind: "done" }>;
			for (const profile of Object.values(validationProfiles)) {
				const context = { profile, now: value.notBefore, purpose, isPublicSuffix: undefined };
				assert.equal(checkCertificate(value, "anchor", 0, context), undefined);
				assert.equal(checkForm(value, "anchor", 0, context), undefined);
			}
		}
	});

	it("asks for names: issuer, subjectAltName and its criticality", () => {
		breaks("issuer-name-empty", { subject: "CN=a.example", names: ["a.example"], issuerName: "" });
		breaks("leaf-names-missing", { names: [] });
		const names = { oid: extensionOid.subjectAltName, value: derSequence(makeGeneralName("test.example")) };
		breaks("leaf-names-not-critical", { subject: "", extensions: [names] });
		breaks("leaf-names-critical", { subject: "CN=test.example", extensions: [{ ...names, critical: true }] });
	});

	it("asks for the syntax of names", () => {
		breaks("leaf-dns-name-syntax", { subject: "CN=ok.example", names: ["ok.example", "dns:a_b.example"] });
		breaks("leaf-dns-name-syntax", { subject: "CN=ok.example", names: ["ok.example", "dns:*"] });
		breaks("leaf-dns-name-syntax", { subject: "CN=ok.example", names: ["ok.example", "dns:f*.example"] });
		breaks("leaf-email-syntax", { subject: "CN=ok.example", names: ["ok.example", "email:a@b@c"] });
		const address = derElement(contextTag(7), new Uint8Array(5));
		const value = derSequence(makeGeneralName("ok.example"), address);
		breaks("leaf-address-syntax", {
			subject: "CN=ok.example",
			extensions: [{ oid: extensionOid.subjectAltName, value }],
		});
	});

	it("compares the common name with the names, character for character", () => {
		for (const [common, names] of [
			["other.example", ["a.example"]],
			["A.example", ["a.example"]],
			["b\u00fccher.example", ["xn--bcher-kva.example"]],
			["0xC0000201", ["192.0.2.1"]],
			["2001:DB8::1", ["2001:db8::1"]],
			["Acme Server", ["a.example"]],
		] as const) {
			const { certificate } = makeCertificate({ subject: `CN=${common}`, names, issuer: root });
			assert.equal(codeIn("strict", certificate, "leaf"), "leaf-common-name", common);
			assert.equal(codeIn("web-pki", certificate, "leaf"), "leaf-common-name-foreign", common);
			assert.equal(codeIn("lenient", certificate, "leaf"), undefined, common);
		}
		breaks("leaf-common-name", { subject: "CN=example.com", names: ["*.example.com"] });
		breaks("leaf-common-name", { subject: "CN=example.com", names: ["192.0.2.1"] });
		const address = makeCertificate({ subject: "CN=2001:db8::1", names: ["2001:db8::1"], issuer: root });
		assert.equal(codeIn("strict", address.certificate, "leaf"), undefined);
	});

	it("refuses a wildcard over a public suffix where it is told", () => {
		const { certificate } = makeCertificate({ subject: "", names: ["*.co.uk"], issuer: root });
		const isPublicSuffix = (name: string) => name === "co.uk";
		assert.equal(codeIn("strict", certificate, "leaf", isPublicSuffix), "leaf-wildcard-public-suffix");
		assert.equal(codeIn("web-pki", certificate, "leaf", isPublicSuffix), undefined);
		breaks("leaf-wildcard-public-suffix", { subject: "", names: ["*.com"] });
	});

	it("asks for the usage of a leaf", () => {
		const subject = { subject: "CN=test.example" };
		breaks("leaf-key-cert-sign", { ...subject, keyUsage: ["digitalSignature", "keyCertSign"] });
		breaks("leaf-is-ca", {
			...subject,
			isCa: true,
			names: ["test.example"],
			extendedKeyUsage: [purposeOid.serverAuth],
		});
		breaks("leaf-extended-key-usage-missing", { ...subject, extendedKeyUsage: [] });
		breaks("leaf-extended-key-usage-any", { ...subject, extendedKeyUsage: [purposeOid.any] });
		const value = derSequence(derOid(purposeOid.serverAuth));
		breaks("leaf-extended-key-usage-critical", {
			...subject,
			extensions: [{ oid: extensionOid.extendedKeyUsage, critical: true, value }],
		});
		const constraints = derSequence(derElement(0xa0, derSequence(makeGeneralName("test.example"))));
		breaks("leaf-name-constraints", {
			...subject,
			extensions: [{ oid: extensionOid.nameConstraints, critical: true, value: constraints }],
		});
	});

	it("asks for identifiers and their criticality", () => {
		const subject = { subject: "CN=test.example" };
		breaks("authority-key-identifier-missing", { ...subject, without: [extensionOid.authorityKeyIdentifier] });
		breaks("ca-subject-key-identifier", { isCa: true, without: [extensionOid.subjectKeyIdentifier] }, "intermediate");
		breaks(
			"ca-subject-key-identifier",
			{ isCa: true, without: [extensionOid.subjectKeyIdentifier] },
			"anchor",
			undefined,
		);
		const access = derSequence(derSequence(derOid(accessMethodOid.ocsp), makeGeneralName("uri:http://a.example/")));
		for (const [oid, value] of [
			[extensionOid.subjectKeyIdentifier, derOctetString(Uint8Array.of(1))],
			[extensionOid.authorityKeyIdentifier, derSequence(keyIdentifier(root))],
			[extensionOid.authorityInfoAccess, access],
		] as const)
			breaks("extension-must-not-be-critical", { ...subject, extensions: [{ oid, critical: true, value }] });
	});

	it("asks an anchor for an authority key identifier that is its own and nothing else", () => {
		const own = derOctetString(Uint8Array.of(9));
		const request = (...fields: Uint8Array[]): CertificateRequest => ({
			isCa: true,
			extensions: [
				{ oid: extensionOid.subjectKeyIdentifier, value: own },
				{ oid: extensionOid.authorityKeyIdentifier, value: derSequence(...fields) },
			],
		});
		const fitting = derElement(contextTag(0), Uint8Array.of(9));
		const issuer = derElement(0xa1, makeGeneralName("dn:CN=test"));
		const serial = derInteger(5, contextTag(2));
		const good = makeCertificate(request(fitting)).certificate;
		for (const profile of profileNames) assert.equal(codeIn(profile, good, "anchor"), undefined);
		for (const fields of [
			[],
			[issuer, serial],
			[fitting, issuer, serial],
			[derElement(contextTag(0), Uint8Array.of(8))],
		])
			breaks("anchor-authority-key-identifier", request(...fields), "anchor", null);
		breaks(
			"anchor-authority-key-identifier-missing",
			{ isCa: true, without: [extensionOid.authorityKeyIdentifier] },
			"anchor",
		);
	});

	it("asks a CA for critical constraints, key usage, and a root for no purpose", () => {
		const constraints = derSequence(derElement(0xa0, derSequence(makeGeneralName("test.example"))));
		const basic = { oid: extensionOid.basicConstraints, value: derSequence(derBoolean(true)) };
		breaks("ca-basic-constraints-critical", { isCa: true, extensions: [basic] }, "intermediate");
		breaks("ca-key-usage-missing", { isCa: true, without: [extensionOid.keyUsage] }, "intermediate");
		breaks("anchor-extended-key-usage", { isCa: true, extendedKeyUsage: [purposeOid.serverAuth] }, "anchor", null);
		const policy = { oid: extensionOid.policyConstraints, value: derSequence(derInteger(3, contextTag(0))) };
		breaks("policy-constraints-not-critical", { isCa: true, extensions: [policy] }, "intermediate");
		const inhibit = { oid: extensionOid.inhibitAnyPolicy, value: derInteger(3) };
		breaks("policy-constraints-not-critical", { isCa: true, extensions: [inhibit] }, "intermediate");
		const names = { oid: extensionOid.nameConstraints, value: constraints };
		breaks("name-constraints-not-critical", { isCa: true, extensions: [names] }, "intermediate");
	});

	it("asks for a positive serial number of at most 20 octets, below the anchor", () => {
		for (const serial of [0n, -1n, 2n ** 160n]) {
			breaks("serial-number", { subject: "CN=test.example", serial });
			const anchor = makeCertificate({ isCa: true, serial });
			assert.equal(codeIn("strict", anchor.certificate, "anchor"), undefined);
		}
	});
});
