import assert from "node:assert/strict";
import { test } from "node:test";
import { localStatus } from "#pki/local-status.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type CertificateRequest, makeCertificate, makeChain } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const dates = { notBefore: now - day, notAfter: now + day };
const { root, intermediate, leaf } = makeChain(["shop.example"], { root: dates, intermediate: dates, leaf: dates });
const trusted = { anchors: new TrustAnchors([root.certificate]), intermediates: [] };
const nobody = { anchors: new TrustAnchors([]), intermediates: [] };

function statusOf(request: CertificateRequest, keyProblem?: string) {
	const { certificate } = makeCertificate({ ...dates, ...request });
	return localStatus({ certificate, chain: [], keyProblem }, nobody, new SignatureCache(8), now);
}

test("R82: the status of a certificate in the words of the commands, with the reason", () => {
	const chain = [intermediate.certificate];
	const own = { certificate: leaf.certificate, chain, keyProblem: undefined };
	assert.deepEqual(localStatus(own, trusted, new SignatureCache(8), now), { status: "Valid", reason: undefined });
	assert.match(
		localStatus(own, nobody, new SignatureCache(8), now).reason ?? "",
		/issuer .* is not loaded|no path|anchor/,
	);
	assert.equal(localStatus(own, nobody, new SignatureCache(8), now).status, "No Trust Anchor");
	assert.equal(statusOf({ notAfter: now - day, notBefore: now - 2 * day }).status, "Expired");
	assert.equal(statusOf({ notBefore: now + day, notAfter: now + 2 * day }).status, "Not Yet Valid");
	assert.deepEqual(statusOf({}, "its private key was in memory only"), {
		status: "Key Broken",
		reason: "its private key was in memory only",
	});
	assert.deepEqual(statusOf({}), { status: "No Trust Anchor", reason: "it is signed with its own key" });
	assert.equal(statusOf({ isCa: true }).status, "Valid", "a CA that signed itself is its own anchor");
});

test("R83: the same certificate becomes valid once its anchor is loaded", () => {
	const own = { certificate: intermediate.certificate, chain: [], keyProblem: undefined };
	assert.equal(localStatus(own, nobody, new SignatureCache(8), now).status, "No Trust Anchor");
	assert.equal(localStatus(own, trusted, new SignatureCache(8), now).status, "Valid");
});

test("R109: a key that everybody refuses makes a certificate not trusted", () => {
	const { status, reason } = statusOf({ key: "rsa1024", isCa: true });
	assert.equal(status, "Not Trusted");
	assert.match(reason ?? "", /1024/);
});
