import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fingerprintText, offeredCas } from "#onboarding/offered-ca.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { signingCaOf } from "../../test/support/onboarding.ts";

const root = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true });
const middle = makeCertificate({ subject: "O=Corp,CN=Corp Middle", isCa: true, issuer: root });
const signer = makeCertificate({ subject: "O=Corp,CN=Inspection", isCa: true, issuer: middle });

test("R65: a self-signed signing CA is offered itself, with its fingerprints", () => {
	const [offered, ...others] = offeredCas([signingCaOf(root)], [middle.der]);
	assert.deepEqual(others, []);
	assert.deepEqual(offered?.certificate, root.der);
	assert.deepEqual([offered?.id, offered?.name, offered?.isAboveSigner], ["ca", "Corp Root", false]);
	assert.equal(offered?.sha256, createHash("sha256").update(root.der).digest("hex"));
	assert.equal(offered?.sha1, createHash("sha1").update(root.der).digest("hex"));
});

test("R65: of an intermediate signing CA the root of its chain is offered, however the certificates lie", () => {
	for (const others of [
		[root.der, middle.der],
		[middle.der, root.der],
	]) {
		const [offered] = offeredCas([signingCaOf(signer)], others);
		assert.deepEqual(offered?.certificate, root.der);
		assert.deepEqual([offered?.name, offered?.isAboveSigner], ["Corp Root", true]);
	}
});

test("R65: the root that came with the signing CA's own certificate is found", () => {
	const [offered] = offeredCas([{ ...signingCaOf(signer), chain: [signer.der, middle.der], root: root.der }], []);
	assert.deepEqual(offered?.certificate, root.der);
});

test("R65: an intermediate whose root is not known is not offered", () => {
	assert.deepEqual(offeredCas([signingCaOf(signer)], []), []);
	assert.deepEqual(offeredCas([signingCaOf(signer)], [middle.der]), []);
});

test("a certificate that only bears the issuer's name is no step up", () => {
	const impostor = makeCertificate({ subject: "O=Corp,CN=Corp Middle", isCa: true });
	assert.deepEqual(offeredCas([signingCaOf(signer)], [impostor.der]), []);
	const [offered] = offeredCas([signingCaOf(signer)], [impostor.der, middle.der, root.der]);
	assert.deepEqual(offered?.certificate, root.der);
});

test("a certificate that is issued to its own name by another key is not taken for a root", () => {
	const rolled = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true, issuer: root });
	const [offered] = offeredCas([signingCaOf(rolled)], [root.der]);
	assert.deepEqual(offered?.certificate, root.der);
});

test("two signing CAs under one root are one certificate to install", () => {
	const second = makeCertificate({ subject: "CN=Inspection 2", isCa: true, issuer: root });
	const offered = offeredCas([signingCaOf(middle, "a"), signingCaOf(second, "b")], [root.der]);
	assert.deepEqual(
		offered.map(({ id, name }) => [id, name]),
		[["a", "Corp Root"]],
	);
});

test("what is no certificate is passed over", () => {
	const broken = { ...signingCaOf(root), certificate: new Uint8Array([0x30, 0x00]) };
	assert.deepEqual(offeredCas([broken], [new Uint8Array(3)]), []);
});

test("a fingerprint is shown as certificate dialogues show it", () => {
	assert.equal(fingerprintText("00ffa1"), "00:FF:A1");
});
