import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isAuthority, readAuthorityFile } from "#pki/authority-file.ts";
import { derConstructed, derInteger, derOid, derSequence, derSetOf } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { encodePkcs12 } from "#pki/pkcs12.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab", isCa: true });
const leaf = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: corp });
const names = (text: string | Uint8Array) => {
	const { certificates, passedOver } = readAuthorityFile(typeof text === "string" ? Buffer.from(text) : text);
	return [certificates.map(({ subject }) => subject.text), passedOver];
};

test("R79: PEM with several certificates and DER; private keys in the file are passed over", () => {
	assert.deepEqual(names(`some text\n${corp.pem}${corp.keyPem}${lab.pem}`), [["CN=Corp", "CN=Lab"], []]);
	assert.deepEqual(names(corp.der), [["CN=Corp"], []]);
});

test("R79: PKCS #12 with its passphrase, its private key passed over; PKCS #7 with several certificates", () => {
	const plan = { friendlyName: "corp", passphrase: "open sesame", random: new Uint8Array(80).fill(7) };
	const file = encodePkcs12({ ...plan, certificates: [leaf.der, corp.der, lab.der], key: leaf.privateKey });
	const { certificates, passedOver } = readAuthorityFile(file, "open sesame");
	assert.deepEqual(
		certificates.map(({ subject }) => subject.text),
		["CN=Corp", "CN=Lab"],
	);
	assert.equal(passedOver.length, 1);
	assert.match(readAuthorityFile(file, "wrong").refused ?? "", /passphrase/);
	const empty = encodePkcs12({ ...plan, passphrase: "", certificates: [corp.der] });
	assert.equal(readAuthorityFile(empty).certificates.length, 1);
	const signed = derSequence(
		derOid("1.2.840.113549.1.7.2"),
		derConstructed(
			0,
			derSequence(
				derInteger(1),
				derSetOf(),
				derSequence(derOid("1.2.840.113549.1.7.1")),
				derConstructed(0, corp.der, lab.der),
				derSetOf(),
			),
		),
	);
	assert.deepEqual(names(signed), [["CN=Corp", "CN=Lab"], []]);
});

test("a file that is something else is refused with what it is", () => {
	for (const [text, why] of [
		["hello", /certificate|SEQUENCE|expected/],
		[corp.keyPem, /holds no certificate, but PRIVATE KEY/],
		["", /empty/],
	] as const)
		assert.match(readAuthorityFile(Buffer.from(text)).refused ?? "", why);
});

test("R85: what is there twice, is no CA or cannot be read is passed over with the reason", () => {
	const broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	const [found, passedOver] = names(corp.pem + broken + leaf.pem + corp.pem);
	assert.deepEqual(found, ["CN=Corp"]);
	assert.equal(passedOver?.length, 3);
	assert.match(passedOver?.[0] ?? "", /^certificate 2: /);
	assert.match(passedOver?.[1] ?? "", /^certificate 3 \(CN=a\.test\): it is not the certificate of a CA/);
	assert.match(passedOver?.[2] ?? "", /^certificate 4 \(CN=Corp\): it is there twice/);
});

test("a root of version 1 counts as a CA, since it cannot say so; another certificate of version 1 does not", () => {
	const without = Object.values(extensionOid);
	const root = makeCertificate({ subject: "CN=Old", version: 1, without });
	const below = makeCertificate({ subject: "CN=Below", version: 1, issuer: root, without });
	assert.equal(isAuthority(root.certificate), true);
	assert.equal(isAuthority(below.certificate), false);
});

test("more certificates than are read are passed over, and no octets make it throw", () => {
	const many = readAuthorityFile(Buffer.from(corp.pem.repeat(2_001)));
	assert.match(many.passedOver.at(-1) ?? "", /at most 2000 are read/);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(corp.der.length - 1), (noise, at) => {
			readAuthorityFile(noise);
			const cut = Uint8Array.from(corp.der);
			cut.set(noise.subarray(0, corp.der.length - at), at);
			readAuthorityFile(cut);
		}),
	);
});
