import assert from "node:assert/strict";
import { test } from "node:test";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import { describeSigningCa, forbiddenName } from "#pki/signing-ca.ts";
import { type CertificateRequest, limitNames, makeCertificate } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const root = makeCertificate({ subject: "CN=Root", isCa: true, notBefore: now - 900 * day, notAfter: now + 900 * day });
const middle = makeCertificate({
	subject: "CN=Middle",
	isCa: true,
	issuer: root,
	notBefore: now - 10 * day,
	notAfter: now + 30 * day,
});
const signing = makeCertificate({
	subject: "CN=Signing",
	isCa: true,
	issuer: middle,
	notBefore: now - 100 * day,
	notAfter: now + 100 * day,
});

function describe(...certificates: readonly Uint8Array[]) {
	const answer = describeSigningCa("corp", certificates, "ecdsa-p256");
	assert.ok(answer.kind === "ca", JSON.stringify(answer));
	return answer.ca;
}

test("K2: of an intermediate the chain is sent in order, without the root, whatever the order in the file", () => {
	const stranger = makeCertificate({ subject: "CN=Middle", isCa: true });
	const ca = describe(signing.der, root.der, stranger.der, middle.der);
	assert.deepEqual(ca.chain.map(hex), [hex(signing.der), hex(middle.der)]);
	assert.equal(hex(ca.certificate), hex(signing.der));
	assert.deepEqual(ca.root, root.der);
	assert.deepEqual(describe(signing.der).chain.map(hex), [hex(signing.der)], "the root's owner may have the rest");
});

test("K2: a self-signed CA is sent by nobody: clients have it", () => {
	const { chain, root: above } = describe(root.der, middle.der);
	assert.deepEqual([chain, above], [[], undefined]);
});

test("K2 M2: the dates are those in which the whole path is valid", () => {
	const ca = describe(signing.der, middle.der, root.der);
	assert.deepEqual([ca.notBefore, ca.notAfter], [now - 10 * day, now + 30 * day]);
});

for (const [says, request, reason] of [
	["is no CA", { isCa: false }, "it is not a CA certificate"],
	[
		"may not sign certificates",
		{ isCa: true, keyUsage: ["cRLSign"] },
		"its key usage does not let it sign certificates",
	],
	[
		"is for e-mail alone",
		{ isCa: true, extendedKeyUsage: [purposeOid.emailProtection] },
		"its extended key usage leaves out servers",
	],
	[
		"has no key identifier",
		{ isCa: true, without: [extensionOid.subjectKeyIdentifier] },
		"it has no subjectKeyIdentifier",
	],
] as const satisfies readonly (readonly [string, CertificateRequest, string])[]) {
	test(`R56 K2: a certificate that ${says} is no signing CA`, () => {
		const { der } = makeCertificate({ subject: "CN=Own", ...request });
		assert.deepEqual(describeSigningCa("corp", [der], "ecdsa-p256"), { kind: "refused", reason });
	});
}

test("K2: nothing, and what is no certificate, is refused", () => {
	assert.equal(describeSigningCa("corp", [], "ecdsa-p256").kind, "refused");
	assert.equal(describeSigningCa("corp", [Uint8Array.of(0x30, 0)], "ecdsa-p256").kind, "refused");
});

test("K4: only a CA whose key usage says so signs revocation lists", () => {
	assert.equal(describe(root.der).maySignCrls, true);
	assert.equal(describe(makeCertificate({ isCa: true, keyUsage: ["keyCertSign"] }).der).maySignCrls, false);
});

test("K2: the name constraints of the CA and of those above it hold for every name of the server", () => {
	const limited = makeCertificate({
		subject: "CN=Limited",
		isCa: true,
		issuer: root,
		extensions: [limitNames({ permitted: ["corp.example"] })],
	});
	const below = makeCertificate({
		subject: "CN=Below",
		isCa: true,
		issuer: limited,
		extensions: [limitNames({ excluded: ["secret.corp.example"] })],
	});
	const ca = describe(below.der, limited.der, root.der);
	const server = (...names: string[]) => makeCertificate({ subject: "", names }).certificate;
	assert.equal(forbiddenName(server("www.corp.example"), ca), undefined);
	assert.match(forbiddenName(server("www.corp.example", "shop.example"), ca) ?? "", /^CA "corp" .*shop\.example/);
	assert.match(forbiddenName(server("a.secret.corp.example"), ca) ?? "", /excluded/);
	assert.match(forbiddenName(server("*.corp.example"), ca) ?? "", /excluded/, "it stands for the excluded one too");
	const loose = describe(signing.der, middle.der);
	assert.equal(forbiddenName(server("shop.example"), loose), undefined);
});

function hex(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}
