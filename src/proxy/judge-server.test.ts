import assert from "node:assert/strict";
import { test } from "node:test";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { ServerJudge, type ServerQuestion } from "#proxy/judge-server.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

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
