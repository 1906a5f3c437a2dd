import assert from "node:assert/strict";
import { test } from "node:test";
import { authorityStatus, expiryOf } from "#pki/certificate-status.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type Made, makeCertificate } from "../../test/support/make-certificate.ts";

const day = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;

test("a certificate is valid, near its end, over, or not yet begun, to the second", () => {
	const dates = { notBefore: now - day, notAfter: now + 10 * day };
	assert.deepEqual(expiryOf(dates, now, 10), { kind: "valid" });
	assert.deepEqual(expiryOf(dates, now, 11), { kind: "near", daysLeft: 10 });
	assert.deepEqual(expiryOf(dates, dates.notAfter + 999, 30), { kind: "near", daysLeft: 0 });
	assert.deepEqual(expiryOf(dates, dates.notAfter + 1_000, 30), { kind: "expired" });
	assert.deepEqual(expiryOf(dates, dates.notBefore, 0), { kind: "valid" });
	assert.deepEqual(expiryOf(dates, dates.notBefore - 1, 30), { kind: "not-yet-valid" });
});

test("R82 R83: Valid, Expired, Not Yet Valid, and No Trust Anchor until the root is there", () => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const between = makeCertificate({ subject: "CN=Between", isCa: true, issuer: root });
	const below = makeCertificate({ subject: "CN=Below", isCa: true, issuer: between });
	const status = (made: Made, anchors: readonly Made[], others: readonly Made[] = []) =>
		authorityStatus(
			made.certificate,
			{
				anchors: new TrustAnchors(anchors.map(({ certificate }) => certificate)),
				intermediates: others.map(({ certificate }) => certificate),
			},
			new SignatureCache(16),
			now,
		).status;
	assert.equal(status(root, [root]), "Valid");
	assert.equal(status(below, [], [between]), "No Trust Anchor");
	assert.equal(status(below, [root]), "No Trust Anchor");
	assert.equal(status(below, [root], [between]), "Valid");
	const old = makeCertificate({ subject: "CN=Old", isCa: true, notBefore: now - 9 * day, notAfter: now - day });
	const next = makeCertificate({ subject: "CN=Next", isCa: true, notBefore: now + day, notAfter: now + 9 * day });
	assert.equal(status(old, [old]), "Expired");
	assert.equal(status(next, [next]), "Not Yet Valid");
});

test("an authority whose certificate may sign nothing is not trusted, with the reason", () => {
	const odd = makeCertificate({ subject: "CN=Odd", isCa: true, keyUsage: ["digitalSignature"] });
	const trust = { anchors: new TrustAnchors([odd.certificate]), intermediates: [] };
	const { status, reason } = authorityStatus(odd.certificate, trust, new SignatureCache(16), now);
	assert.equal(status, "Not Trusted");
	assert.match(reason ?? "", /keyCertSign|key usage|sign/i);
});
