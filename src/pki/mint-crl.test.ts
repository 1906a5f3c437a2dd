import assert from "node:assert/strict";
import { sign, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { decodeCrl } from "#pki/crl.ts";
import { assembleCertificate, type SigningCa } from "#pki/mint.ts";
import { planCrl } from "#pki/mint-crl.ts";
import { signatureScheme, verifySignature } from "#pki/verify-signature.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const digests = { p256: "sha256", p384: "sha384", rsa2048: "sha256", ed25519: null } as const;

for (const [key, scheme] of [
	["p256", "ecdsa-p256"],
	["p384", "ecdsa-p384"],
	["rsa2048", "rsa-sha256"],
	["ed25519", "ed25519"],
] as const) {
	test(`K4: the list of a CA with a ${key} key is complete, empty, in its time and signed by the CA`, () => {
		const made = makeCertificate({ subject: "CN=Signing CA", isCa: true, key });
		const ca: SigningCa = {
			id: "ca",
			certificate: made.der,
			chain: [],
			subject: made.certificate.subject.raw,
			subjectKeyIdentifier: made.certificate.typed.subjectKeyIdentifier as Uint8Array,
			notBefore: made.certificate.notBefore,
			notAfter: made.certificate.notAfter,
			scheme,
			maySignCrls: true,
		};
		const toBeSigned = planCrl(ca, { thisUpdate: now, nextUpdate: now + 7 * day, number: 1_795_219_200 });
		const der = assembleCertificate(toBeSigned, scheme, sign(digests[key], toBeSigned, made.privateKey));
		const decoded = decodeCrl(der);
		assert.ok(decoded.kind === "done", JSON.stringify(decoded));
		const crl = decoded.value;
		assert.deepEqual(crl.faults, []);
		assert.deepEqual([crl.version, crl.entryCount, crl.thisUpdate, crl.nextUpdate], [2, 0, now, now + 7 * day]);
		assert.deepEqual(Buffer.from(crl.issuer.raw), Buffer.from(ca.subject));
		assert.equal(Buffer.from(crl.typed.number ?? []).readUInt32BE(0), 1_795_219_200);
		assert.deepEqual(crl.typed.authorityKeyIdentifier?.keyIdentifier, ca.subjectKeyIdentifier);
		assert.equal(crl.typed.issuingDistributionPoint, undefined, "it speaks about every certificate of the CA");
		const wanted = signatureScheme(crl.signatureAlgorithm);
		assert.ok(wanted !== undefined);
		assert.ok(verifySignature(wanted, new X509Certificate(made.der).publicKey, crl.tbs, crl.signature));
	});
}
