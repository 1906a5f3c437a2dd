import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keyDistance, TrustAnchors } from "#pki/trust-anchors.ts";
import { makeCertificate, makeChain } from "../../test/support/make-certificate.ts";

describe("TrustAnchors", () => {
	it("finds anchors by the issuer's name, the fitting key identifier first", () => {
		const { root, intermediate, leaf } = makeChain();
		const twin = makeCertificate({ subject: root.certificate.subject.raw, isCa: true });
		const anchors = new TrustAnchors([twin, root, root].map((made) => made.certificate));
		assert.equal(anchors.size, 2);
		assert.deepEqual(anchors.issuersOf(intermediate.certificate), [root.certificate, twin.certificate]);
		assert.deepEqual(anchors.issuersOf(leaf.certificate), []);
		assert.ok(anchors.has(twin.certificate));
		assert.ok(!anchors.has(leaf.certificate));
	});

	it("tells how well key identifiers fit", () => {
		const { root, intermediate, leaf } = makeChain();
		assert.equal(keyDistance(leaf.certificate, intermediate.certificate), 0);
		assert.equal(keyDistance(leaf.certificate, root.certificate), 2);
		assert.equal(keyDistance(root.certificate, leaf.certificate), 1);
	});
});
