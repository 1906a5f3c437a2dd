import assert from "node:assert/strict";
import { createPublicKey, sign, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { decodeCertificate } from "#pki/certificate.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { assembleCertificate, type SignatureScheme } from "#pki/mint.ts";
import { purposeOid } from "#pki/oids.ts";
import { planSelfSigned } from "#pki/plan-certificate.ts";
import { encodeSubjectAltName } from "#pki/subject-alt-name.ts";
import { type KeyName, makeKeyPair } from "../../test/support/make-certificate.ts";

const text = "CN=gw.company.example,OU=IT,O=Company,L=Oslo,ST=Oslo,C=NO,E=it@company.example";
const names = {
	dns: ["gw.company.example", "*.company.example"],
	email: ["it@company.example"],
	ip: ["192.0.2.1", "2001:db8::1"],
};

function make(key: KeyName, scheme: SignatureScheme, isCa: boolean) {
	const { privateKey } = makeKeyPair(key);
	const name = parseDistinguishedName(text);
	assert.ok(name.kind === "name");
	const toBeSigned = planSelfSigned({
		subject: name.der,
		publicKeyInfo: createPublicKey(privateKey).export({ type: "spki", format: "der" }),
		subjectAltName: encodeSubjectAltName(names),
		isCa,
		notBefore: Date.UTC(2026, 0, 1),
		notAfter: Date.UTC(2027, 0, 1),
		scheme,
		serial: new Uint8Array(16).fill(0xff),
	});
	const digest = { "ecdsa-p256": "sha256", "ecdsa-p384": "sha384", "rsa-sha256": "sha256", ed25519: null }[scheme];
	const der = assembleCertificate(toBeSigned, scheme, sign(digest, toBeSigned, privateKey));
	const decoded = decodeCertificate(der);
	assert.ok(decoded.kind === "done");
	return { x509: new X509Certificate(der), certificate: decoded.value };
}

for (const [key, scheme] of [
	["rsa2048", "rsa-sha256"],
	["p256", "ecdsa-p256"],
	["p384", "ecdsa-p384"],
	["ed25519", "ed25519"],
] as const) {
	test(`R43 R57 R62: a self-signed CA with a key of type ${key} carries every field, and OpenSSL takes it`, () => {
		const { x509, certificate } = make(key, scheme, true);
		assert.equal(x509.verify(x509.publicKey), true);
		assert.equal(x509.checkIssued(x509), true);
		assert.deepEqual(certificate.faults, []);
		assert.deepEqual(
			certificate.subject.text.split(",").sort(),
			[
				"CN=gw.company.example",
				"OU=IT",
				"O=Company",
				"L=Oslo",
				"ST=Oslo",
				"C=NO",
				"emailAddress=it@company.example",
			].sort(),
		);
		assert.equal(
			x509.subjectAltName,
			"DNS:gw.company.example, DNS:*.company.example, email:it@company.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
		);
		const { basicConstraints, keyUsage, extendedKeyUsage } = certificate.typed;
		assert.deepEqual([basicConstraints?.isCa, basicConstraints?.pathLength], [true, 0]);
		assert.equal(keyUsage, keyUsageBit.keyCertSign | keyUsageBit.cRLSign);
		assert.equal(extendedKeyUsage, undefined);
		assert.deepEqual([x509.validFrom, x509.validTo], ["Jan  1 00:00:00 2026 GMT", "Jan  1 00:00:00 2027 GMT"]);
		assert.match(x509.serialNumber, /^7F(?:FF){15}$/);
	});
}

test("R69: one for an end of TLS is no CA and may serve and be a client", () => {
	for (const [key, scheme] of [
		["rsa2048", "rsa-sha256"],
		["p256", "ecdsa-p256"],
	] as const) {
		const { certificate } = make(key, scheme, false);
		assert.equal(certificate.typed.basicConstraints?.isCa, false);
		assert.deepEqual(certificate.typed.extendedKeyUsage, [purposeOid.serverAuth, purposeOid.clientAuth]);
		const { digitalSignature, keyEncipherment } = keyUsageBit;
		assert.equal(certificate.typed.keyUsage, key === "p256" ? digitalSignature : digitalSignature | keyEncipherment);
	}
});
