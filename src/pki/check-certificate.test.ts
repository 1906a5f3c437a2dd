import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Certificate } from "#pki/certificate.ts";
import { type CheckContext, checkCertificate, dateText, findWeakKey, type Place } from "#pki/check-certificate.ts";
import { DerReader, derBitString, derInteger, derNull, derOid, derSequence, derUtf8String } from "#pki/der.ts";
import { extensionOid, keyAlgorithmOid, purposeOid } from "#pki/oids.ts";
import { type PublicKeyInfo, readPublicKeyInfo } from "#pki/public-key.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { type CertificateRequest, makeCertificate } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21);

function code(certificate: Certificate, place: Place, context: Partial<CheckContext> = {}): string | undefined {
	const asked = { profile: validationProfiles["web-pki"], now, purpose: purposeOid.serverAuth, ...context };
	return checkCertificate(certificate, place, 1, asked)?.code;
}

function made(request: CertificateRequest): Certificate {
	return makeCertificate({ notBefore: now - 1000, notAfter: now + 1000, ...request }).certificate;
}

describe("checkCertificate", () => {
	it("passes a usual leaf, intermediate and root", () => {
		const root = makeCertificate({ isCa: true, notBefore: now, notAfter: now });
		assert.equal(code(root.certificate, "anchor"), undefined);
		assert.equal(code(made({ isCa: true, issuer: root }), "intermediate"), undefined);
		assert.equal(code(made({ issuer: root }), "leaf"), undefined);
	});

	it("V4: refuses every certificate outside its time, the anchor too, and counts the last second in", () => {
		for (const place of ["leaf", "intermediate", "anchor"] as const) {
			const dates = { isCa: place !== "leaf", notBefore: now - 5000, notAfter: now };
			assert.equal(code(made(dates), place, { now: now + 999 }), undefined);
			assert.equal(code(made(dates), place, { now: now + 1000 }), "expired");
			assert.equal(code(made(dates), place, { now: now - 5001 }), "not-yet-valid");
		}
	});

	it("V9: refuses a critical extension that is not processed, in every place", () => {
		const extensions = [{ oid: "1.2.3.4", critical: true, value: derUtf8String("x") }];
		for (const place of ["leaf", "intermediate", "anchor"] as const)
			assert.equal(code(made({ isCa: place !== "leaf", extensions }), place), "critical-extension-unknown");
		const tolerated = [{ oid: "1.2.3.4", value: derUtf8String("x") }];
		assert.equal(code(made({ extensions: tolerated }), "leaf"), undefined);
		const poison = [{ oid: extensionOid.precertificatePoison, critical: true, value: derNull() }];
		assert.equal(code(made({ extensions: poison }), "leaf"), "critical-extension-unknown");
	});

	it("V6: refuses an issuer that is no CA or may not sign certificates", () => {
		assert.equal(code(made({}), "intermediate"), "ca-basic-constraints");
		assert.equal(
			code(made({ isCa: true, without: [extensionOid.basicConstraints] }), "intermediate"),
			"ca-basic-constraints",
		);
		assert.equal(
			code(made({ isCa: true, without: [extensionOid.basicConstraints] }), "anchor"),
			"anchor-basic-constraints",
		);
		assert.equal(code(made({ isCa: true, keyUsage: ["cRLSign"] }), "intermediate"), "ca-key-usage");
		assert.equal(code(made({ isCa: true, keyUsage: [] }), "anchor"), "ca-key-usage");
		assert.equal(code(made({ isCa: true, without: [extensionOid.keyUsage] }), "intermediate"), undefined);
		assert.equal(code(made({ isCa: true, subject: "" }), "intermediate"), "ca-subject-empty");
	});

	it("V7: asks the purpose of the leaf and of every CA above it", () => {
		const { serverAuth, clientAuth, any } = purposeOid;
		assert.equal(code(made({ extendedKeyUsage: [clientAuth] }), "leaf"), "leaf-extended-key-usage");
		assert.equal(code(made({ extendedKeyUsage: [clientAuth] }), "leaf", { purpose: clientAuth }), undefined);
		assert.equal(code(made({ extendedKeyUsage: [clientAuth] }), "leaf", { purpose: undefined }), undefined);
		assert.equal(code(made({ extendedKeyUsage: [any] }), "leaf"), undefined);
		assert.equal(code(made({ isCa: true, extendedKeyUsage: [clientAuth] }), "intermediate"), "ca-extended-key-usage");
		assert.equal(code(made({ isCa: true, extendedKeyUsage: [clientAuth, serverAuth] }), "intermediate"), undefined);
		assert.equal(code(made({ isCa: true, extendedKeyUsage: [clientAuth] }), "anchor"), "ca-extended-key-usage");
	});

	it("V7: asks a TLS leaf for a key usage that a handshake needs", () => {
		assert.equal(code(made({ keyUsage: ["keyCertSign"] }), "leaf"), "leaf-key-usage");
		assert.equal(code(made({ keyUsage: ["keyEncipherment"] }), "leaf"), "leaf-key-usage-signature");
		const lenient = { profile: validationProfiles.lenient };
		assert.equal(code(made({ keyUsage: ["keyEncipherment"] }), "leaf", lenient), undefined);
		assert.equal(code(made({ keyUsage: ["keyCertSign"] }), "leaf", { purpose: undefined }), undefined);
	});

	it("V10: refuses versions 1 and 2, an anchor's only where the profile says so", () => {
		const bare = {
			version: 1 as const,
			names: [],
			extendedKeyUsage: [],
			without: [extensionOid.basicConstraints, extensionOid.keyUsage, extensionOid.subjectKeyIdentifier],
		};
		assert.equal(code(made(bare), "leaf"), "not-version-3");
		assert.equal(code(made(bare), "leaf", { profile: validationProfiles.lenient }), "not-version-3");
		assert.equal(code(made(bare), "anchor"), "anchor-not-version-3");
		assert.equal(code(made(bare), "anchor", { profile: validationProfiles.lenient }), undefined);
	});

	it("V11: refuses weak signatures below the anchor and not on it", () => {
		const sha1 = made({ isCa: true, hash: "sha1", key: "rsa2048" });
		assert.equal(code(sha1, "intermediate"), "signature-algorithm-refused");
		assert.equal(code(sha1, "anchor"), undefined);
		assert.equal(
			code(made({ hash: "md5", key: "rsa2048" }), "leaf", { profile: validationProfiles.lenient }),
			"signature-algorithm-refused",
		);
		assert.equal(code(made({ key: "rsa2048", isPss: true }), "leaf"), undefined);
	});

	it("refuses a certificate with faults in every profile", () => {
		const broken = made({ extensions: [{ oid: extensionOid.keyUsage, value: derNull() }] });
		for (const profile of Object.values(validationProfiles))
			assert.equal(code(broken, "leaf", { profile }), "malformed");
	});

	it("says which certificate, what was found and where the rule stands", () => {
		const asked = { profile: validationProfiles.strict, now, purpose: undefined };
		const refused = checkCertificate(made({ notAfter: now - 1000, notBefore: now - 2000 }), "leaf", 0, asked);
		assert.deepEqual(refused, {
			code: "expired",
			depth: 0,
			sentence: "certificate 0 (CN=test): expired on 2026-11-20 23:59:59 UTC",
			source: "RFC 5280 §6.1.3 (a)(2)",
		});
		assert.equal(dateText(0), "1970-01-01 00:00:00 UTC");
	});
});

describe("findWeakKey (V11)", () => {
	function rsa(bits: number, exponent = 65_537n, odd = 1n): PublicKeyInfo {
		const key = derSequence(derInteger(2n ** BigInt(bits - 1) + odd), derInteger(exponent));
		const info = derSequence(derSequence(derOid(keyAlgorithmOid.rsa), derNull()), derBitString(key));
		return readPublicKeyInfo(new DerReader(info), []);
	}

	function refused(key: PublicKeyInfo, profile: keyof typeof validationProfiles = "web-pki"): string | undefined {
		return findWeakKey(key, validationProfiles[profile])?.sentence;
	}

	it("refuses RSA keys that are small, huge, uneven, or have a weak exponent", () => {
		assert.equal(refused(rsa(2048)), undefined);
		assert.equal(refused(rsa(2048, 3n)), undefined);
		assert.match(refused(rsa(1024)) ?? "", /1024 bits; at least 2048/);
		assert.match(refused(rsa(16_384)) ?? "", /at most 8192/);
		assert.match(refused(rsa(2052)) ?? "", /whole octets/);
		assert.equal(refused(rsa(2052), "lenient"), undefined);
		assert.match(refused(rsa(2048, 65_537n, 0n)) ?? "", /modulus that is even/);
		for (const exponent of [0n, 1n, 2n, 4n, 2n ** 64n + 1n])
			assert.match(refused(rsa(2048, exponent)) ?? "", /exponent/);
	});

	it("refuses curves and kinds outside the profile's list", () => {
		const key = (name: "p256" | "p521" | "ed25519") => made({ key: name }).publicKey;
		assert.equal(refused(key("p521"), "strict"), undefined);
		assert.equal(refused(key("ed25519"), "web-pki"), undefined);
		assert.match(refused(key("ed25519"), "strict") ?? "", /ed25519/);
		assert.match(refused({ ...key("p256"), curve: "secp256k1" }) ?? "", /secp256k1/);
		assert.match(refused({ ...key("p256"), curve: "explicit" }, "lenient") ?? "", /explicit/);
		assert.match(refused({ ...key("p256"), kind: "dsa" }, "lenient") ?? "", /dsa/);
	});
});
