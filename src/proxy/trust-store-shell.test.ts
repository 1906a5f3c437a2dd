import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { getCACertificates, rootCertificates } from "node:tls";
import { TrustStore } from "#proxy/trust-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp Root", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab Root", isCa: true });
const store = new TrustStore(
	new Map([
		["corp", [corp.pem]],
		["lab", [lab.pem]],
	]),
);

test("R99: a CA profile by name vouches alone, without the public roots", () => {
	const { anchors, pem } = store.roots(["corp"]);
	assert.equal(anchors.size, 1);
	assert.equal(anchors.has(corp.certificate), true);
	assert.deepEqual(pem, [corp.pem]);
});

test("all means the public roots and every profile", () => {
	const { anchors, pem } = store.roots(["all"]);
	assert.equal(anchors.has(corp.certificate) && anchors.has(lab.certificate), true);
	assert.ok(pem.length > rootCertificates.length / 2);
});

test("a name without a profile vouches for nothing", () => {
	assert.equal(store.roots(["nobody"]).anchors.size, 0);
});

test("the same names give the same roots, decoded once", () => {
	assert.equal(store.roots(["lab"]), store.roots(["lab"]));
});

test("the roots of all are what TLS contexts without roots of their own share, those of a profile are not", () => {
	const { isDefault, pem } = store.roots(["all"]);
	assert.equal(isDefault, true);
	const shared = getCACertificates("default").map((text) => Buffer.from(new X509Certificate(text).raw).toString("hex"));
	for (const { der } of [corp, lab]) assert.ok(shared.includes(Buffer.from(der).toString("hex")));
	assert.equal(new TrustStore(new Map()).roots(["all"]).pem.length, pem.length - 2);
	assert.equal(store.roots(["corp"]).isDefault, false);
});
