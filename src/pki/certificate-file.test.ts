import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readCertificateFile } from "#pki/certificate-file.ts";
import { derConstructed, derElement, derInteger, derOid, derSequence, derTag } from "#pki/der.ts";
import { certificatePem, pemText } from "#pki/pem.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { pkiFile, pkiFiles } from "../../test/support/pki-files.ts";

const [leaf, ca, root] = [
	pkiFile("certificate-leaf.der"),
	pkiFile("certificate-ca.der"),
	pkiFile("certificate-root.der"),
];

function certificatesOf(octets: Uint8Array | string): Buffer[] {
	const file = readCertificateFile(Buffer.from(octets));
	assert.equal(file.kind, "certificates", JSON.stringify(file));
	return (file as { certificates: readonly Uint8Array[] }).certificates.map((der) => Buffer.from(der));
}

function reasonOf(octets: Uint8Array | string): string {
	const file = readCertificateFile(Buffer.from(octets));
	assert.equal(file.kind, "refused");
	return (file as { reason: string }).reason;
}

const signed = (...fields: Uint8Array[]) =>
	derSequence(derOid("1.2.840.113549.1.7.2"), derConstructed(0, derSequence(derInteger(1), ...fields)));
const algorithms = derElement(derTag.set);
const content = derSequence(derOid("1.2.840.113549.1.7.1"));

describe("readCertificateFile", () => {
	it("R76: reads DER, and PEM with one or several certificates between text and keys", () => {
		assert.deepEqual(certificatesOf(leaf), [leaf]);
		const key = makeCertificate().keyPem;
		const text = `subject=CN = x\n${certificatePem(leaf)}${key}${certificatePem(ca)}\n${certificatePem(root)}`;
		assert.deepEqual(certificatesOf(text), [leaf, ca, root]);
		assert.deepEqual(certificatesOf(text.replaceAll("\n", "\r\n")), [leaf, ca, root]);
	});

	it("reads PKCS#7 of openssl: DER, PEM, under the label CERTIFICATE, and with indefinite lengths", () => {
		const same = (octets: Uint8Array | string) =>
			assert.deepEqual(new Set(certificatesOf(octets).map(String)), new Set([leaf, ca, root].map(String)));
		same(pkiFile("pkcs7.p7b"));
		same(pkiFile("pkcs7.pem"));
		same(pkiFile("pkcs7-indefinite.p7b"));
		same(certificatePem(pkiFile("pkcs7.p7b")));
		same(pemText("CMS", pkiFile("pkcs7-indefinite.p7b")));
	});

	it("R85: a certificate that occurs again is left out", () => {
		assert.deepEqual(certificatesOf(certificatePem(leaf) + certificatePem(root) + certificatePem(leaf)), [leaf, root]);
	});

	it("tells PKCS#12, keys and requests apart", () => {
		const pkcs12 = "this is a PKCS#12 file (.p12, .pfx); load it as one, with its passphrase";
		for (const file of pkiFiles("pkcs12")) assert.equal(reasonOf(file), pkcs12);
		const request = "this is a certificate request; load the certificate that the CA made of it";
		assert.equal(reasonOf(pkiFile("request-rsa.der")), request);
		assert.equal(reasonOf(certificatePem(pkiFile("request-p256.der"))), request);
		assert.match(reasonOf(pkiFile("key-ed25519.der")), /^this is a private key or another file/);
		assert.equal(reasonOf(pkiFile("key-rsa-pkcs1.pem")), "the file holds no certificate, but RSA PRIVATE KEY");
		assert.equal(reasonOf(pkiFile("crl.pem")), "the file holds no certificate, but X509 CRL");
	});

	it("names the certificate that is bad", () => {
		const bad = certificatePem(leaf.subarray(0, -1));
		assert.match(
			reasonOf(certificatePem(ca) + bad),
			/^certificate 2 of 2: certificate: \d+ octets announced, \d+ there$/,
		);
		assert.match(reasonOf(Buffer.concat([leaf, Buffer.of(0)])), /^certificate: 1 octets follow its last field$/);
		assert.equal(reasonOf(pkiFile("crl.der")), "validity: expected tag 0x30, got 0x17");
	});

	it("refuses PKCS#7 without certificates, of another type, and cut short", () => {
		const none = "the PKCS#7 file holds no certificate";
		assert.equal(reasonOf(signed(algorithms, content, algorithms)), none);
		assert.equal(reasonOf(signed(algorithms, content, derConstructed(0), algorithms)), none);
		assert.equal(reasonOf(signed(algorithms, content, derConstructed(0, derConstructed(1)), algorithms)), none);
		assert.equal(
			reasonOf(content),
			"PKCS#7 of content type 1.2.840.113549.1.7.1; expected signedData with certificates",
		);
		assert.match(reasonOf(pkiFile("pkcs7.p7b").subarray(0, -1)), /octets announced/);
		assert.equal(reasonOf(pkiFile("pkcs7-indefinite.p7b").subarray(0, -1)), "certificate: indefinite length");
	});

	it("states what an empty file, a large file and other text are", () => {
		assert.equal(reasonOf(""), "the file is empty");
		assert.equal(reasonOf(new Uint8Array(4_194_305)), "4194305 octets; a certificate file has at most 4194304");
		assert.equal(reasonOf("hello"), "certificate: expected tag 0x30, got 0x68");
		assert.equal(reasonOf("-----BEGIN CERTIFICATE-----"), "PEM: CERTIFICATE has no END line");
	});

	it("never throws on mutated files", () => {
		const files = [leaf, pkiFile("pkcs7.p7b"), pkiFile("pkcs7.pem"), pkiFile("pkcs7-indefinite.p7b")];
		const edit = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
		fc.assert(
			fc.property(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 4 }), (file, edits) => {
				const mutated = Uint8Array.from(file);
				for (const [at, octet] of edits) mutated[at % file.length] = octet;
				assert.match(readCertificateFile(mutated).kind, /^(certificates|refused)$/);
			}),
		);
	});
});
