import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { certificateBrief, certificateDetail, fingerprintLines, shortDate } from "#pki/certificate-text.ts";
import { derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { makeCertificate, makeGeneralName } from "../../test/support/make-certificate.ts";

const made = makeCertificate({
	subject: "C=NO,O=Juniper,CN=Root CA",
	isCa: true,
	key: "rsa2048",
	serial: 0x440n,
	notBefore: Date.UTC(2026, 8, 3, 14, 5),
	notAfter: Date.UTC(2031, 8, 12, 14, 5),
	extensions: [
		{
			oid: extensionOid.authorityInfoAccess,
			value: derSequence(
				derSequence(Buffer.from("06082b06010505073001", "hex"), makeGeneralName("uri:http://ocsp.example/")),
			),
		},
	],
});

test("a list shows a certificate in the layout of Junos", () => {
	assert.equal(
		certificateBrief("corp", made.certificate, ["Status: Valid"]),
		[
			"Certificate identifier: corp",
			"  Issued to: Root CA, Issued by: C = NO, O = Juniper, CN = Root CA",
			"  Validity:",
			"    Not before: 09- 3-2026 14:05 UTC",
			"    Not after: 09-12-2031 14:05 UTC",
			"  Public key algorithm: rsaEncryption(2048 bits)",
			"  Status: Valid",
			"",
		].join("\n"),
	);
	assert.equal(shortDate(Date.UTC(2026, 0, 31, 23, 59, 59)), "01-31-2026 23:59 UTC");
});

test("the detail tells serial, names, key, usage, places and the fingerprints that OpenSSL tells", () => {
	const text = certificateDetail("corp", made.certificate);
	for (const line of [
		"    hexadecimal: 0x0440",
		"    decimal: 1088",
		"    Country: NO, Organization: Juniper, Common name: Root CA",
		"    C = NO, O = Juniper, CN = Root CA",
		"  Signature algorithm: sha256WithRSAEncryption",
		"  Authority Information Access OCSP:\n    http://ocsp.example/",
		"  Use for key: Certificate signing, CRL signing",
	])
		assert.ok(text.includes(`${line}\n`), line);
	const { fingerprint, fingerprint256 } = new X509Certificate(made.pem);
	assert.ok(text.includes(`    ${fingerprint256.toLowerCase()} (sha256)\n`));
	assert.ok(fingerprintLines(made.der).includes(`    ${fingerprint.toLowerCase()} (sha1)`));
});

test("control characters of a name reach no terminal", () => {
	const odd = makeCertificate({ subject: "O=Acme,CN=a\u001b[31mb\nc", names: ["a.test", "192.0.2.1"] });
	const text = certificateBrief("x\u001b", odd.certificate) + certificateDetail("x", odd.certificate);
	assert.ok(!text.includes("\u001b"));
	assert.ok(text.includes("a\\x1b[31mb\\nc"));
	assert.ok(text.includes("    192.0.2.1\n"));
});
