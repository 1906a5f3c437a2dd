import assert from "node:assert/strict";
import { test } from "node:test";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { ServerJudge, type ServerQuestion } from "#proxy/judge-server.ts";
import { makeCertificate, makeChain } from "../../test/support/make-certificate.ts";

const day = 86_400_000;
const now = Date.now();

test("V21: a resumed session is not trusted any more when an intermediate has expired, though the leaf has not", () => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const intermediate = makeCertificate({ subject: "CN=Between", isCa: true, issuer: root, notAfter: now + day });
	const leaf = makeCertificate({
		subject: "CN=a.test",
		names: ["a.test"],
		issuer: intermediate,
		notAfter: now + 3 * day,
	});
	const judge = new ServerJudge(16, new Set(), () => undefined);
	const question: ServerQuestion = {
		leaf: leaf.der,
		others: () => [intermediate.der],
		host: "a.test",
		anchors: new TrustAnchors([root.certificate]),
		trustKey: "web-pki all",
		validation: "web-pki",
		opensslError: undefined,
	};
	const judgement = judge.judge(question, now);
	assert.ok(judgement.kind === "judged");
	assert.equal(judgement.judged.reason, "trusted");
	assert.equal(judge.again(judgement.judged, "a.test", now + day / 2).isTrusted, true);
	const later = judge.again(judgement.judged, "a.test", now + 2 * day);
	assert.equal(later.isTrusted, false);
	assert.match(later.reason, /a\.test expired/);
});

test("a large certificate is judged anew each time, so that thousands of them take no memory", () => {
	const names = Array.from({ length: 400 }, (_, index) => `host-${index}.large.test`);
	const large = makeCertificate({ subject: "CN=large.test", names, isCa: false });
	const small = makeCertificate({ subject: "CN=small.test", names: ["host-1.large.test"] });
	const judge = new ServerJudge(16, new Set(), () => undefined);
	const certificateOf = (leaf: Uint8Array) => {
		const judgement = judge.judge(
			{
				leaf,
				others: () => [],
				host: "host-1.large.test",
				anchors: new TrustAnchors([large.certificate, small.certificate]),
				trustKey: "lenient all",
				validation: "lenient",
				opensslError: undefined,
			},
			now,
		);
		assert.ok(judgement.kind === "judged");
		return judgement.judged.certificate;
	};
	assert.ok(large.der.length > 8_192);
	assert.notEqual(certificateOf(large.der), certificateOf(large.der));
	assert.equal(certificateOf(small.der), certificateOf(small.der));
});

test("a server that leaves its intermediate out is trusted with the one that was fetched, and only by that lack", () => {
	const { root, intermediate, leaf } = makeChain(["a.test"]);
	const disagreements: unknown[] = [];
	const judge = new ServerJudge(16, new Set(), (facts) => disagreements.push(facts));
	const ask = (more: Partial<ServerQuestion>) => {
		const judgement = judge.judge(
			{
				leaf: leaf.der,
				others: () => [],
				host: "a.test",
				anchors: new TrustAnchors([root.certificate]),
				trustKey: "web-pki test",
				validation: "web-pki",
				opensslError: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
				...more,
			},
			now,
		);
		assert.ok(judgement.kind === "judged");
		const { isTrusted, isIssuerMissing, isRepaired } = judgement.judged;
		return { isTrusted, isIssuerMissing, isRepaired };
	};
	const fetched = [intermediate.certificate];
	const missing = { isTrusted: false, isIssuerMissing: true, isRepaired: false };
	const refused = { isTrusted: false, isIssuerMissing: false, isRepaired: false };
	const repaired = { isTrusted: true, isIssuerMissing: false, isRepaired: true };
	assert.deepEqual(ask({}), missing);
	// OpenSSL saw another fault than the lack: nothing is repaired.
	for (const opensslError of ["CERT_HAS_EXPIRED", "CERT_SIGNATURE_FAILURE", "CERT_REVOKED", "INVALID_CA"]) {
		assert.deepEqual(ask({ opensslError }), refused);
		assert.deepEqual(ask({ opensslError, fetched }), refused);
	}
	const before = disagreements.length;
	assert.deepEqual(ask({ fetched }), repaired);
	assert.equal(disagreements.length, before);
	// Known from now on, for a server that sends as little as this one.
	assert.deepEqual(ask({}), repaired);
	assert.deepEqual(ask({ opensslError: "CERT_HAS_EXPIRED" }), refused);
	assert.deepEqual(ask({ host: "b.test" }), missing);
	assert.deepEqual(ask({ host: "b.test", fetched }), refused);
	assert.deepEqual(ask({ opensslError: undefined, others: () => [intermediate.der] }), {
		...repaired,
		isRepaired: false,
	});
	assert.deepEqual(
		ask({ anchors: new TrustAnchors([]), trustKey: "web-pki none", fetched: [...fetched, root.certificate] }),
		missing,
	);
});

test("R109: an RSA key of the server that is shorter than the profile asks for is not trusted, and that is no disagreement", () => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const leaf = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root, key: "rsa2048" });
	const small = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root, key: "rsa1024" });
	const curve = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root });
	const disagreements: unknown[] = [];
	const judge = new ServerJudge(16, new Set(), (facts) => disagreements.push(facts));
	const reasonOf = (made: typeof leaf, minimumKeyBits: number | undefined) => {
		const judgement = judge.judge(
			{
				leaf: made.der,
				others: () => [],
				host: "a.test",
				anchors: new TrustAnchors([root.certificate]),
				trustKey: `web-pki ${minimumKeyBits}`,
				validation: "web-pki",
				minimumKeyBits,
				opensslError: undefined,
			},
			now,
		);
		assert.ok(judgement.kind === "judged");
		return judgement.judged.reason;
	};
	assert.equal(reasonOf(leaf, undefined), "trusted");
	assert.equal(reasonOf(leaf, 2048), "trusted");
	assert.equal(reasonOf(leaf, 3072), "the server's RSA key has 2048 bits; minimum-key-length asks for 3072");
	assert.equal(reasonOf(curve, 3072), "trusted");
	assert.match(reasonOf(small, undefined), /RSA key of 1024 bits/);
	assert.equal(reasonOf(small, 1024), "trusted");
	assert.equal(disagreements.length, 0);
});

test("R111: that a certificate of the chain has expired is told apart from every other reason", () => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const dates = { notBefore: now - 9 * day, notAfter: now - day };
	const judge = new ServerJudge(16, new Set(), () => undefined);
	const isExpired = (made: { readonly der: Uint8Array }, opensslError: string | undefined) => {
		const judgement = judge.judge(
			{
				leaf: made.der,
				others: () => [],
				host: "a.test",
				anchors: new TrustAnchors([root.certificate]),
				trustKey: "web-pki all",
				validation: "web-pki",
				opensslError,
			},
			now,
		);
		assert.ok(judgement.kind === "judged");
		return judgement.judged.isExpired;
	};
	const good = makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root });
	assert.equal(isExpired(good, undefined), false);
	assert.equal(isExpired(good, "CERT_HAS_EXPIRED"), true);
	assert.equal(isExpired(makeCertificate({ names: ["a.test"], issuer: root, ...dates }), "CERT_HAS_EXPIRED"), true);
	assert.equal(isExpired(makeCertificate({ names: ["a.test"], ...dates }), "DEPTH_ZERO_SELF_SIGNED_CERT"), true);
	assert.equal(isExpired(makeCertificate({ names: ["a.test"] }), "DEPTH_ZERO_SELF_SIGNED_CERT"), false);
});
