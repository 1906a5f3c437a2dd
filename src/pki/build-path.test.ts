import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSignedBy, PathFinder, type PathSearch } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type Made, makeCertificate, makeChain, makeKeyPair } from "../../test/support/make-certificate.ts";

function finder(
	leaf: Made,
	intermediates: readonly Made[],
	anchors: readonly Made[],
	overrides: Partial<PathSearch> = {},
) {
	return new PathFinder({
		leaf: leaf.certificate,
		intermediates: intermediates.map((made) => made.certificate),
		anchors: new TrustAnchors(anchors.map((made) => made.certificate)),
		context: { profile: validationProfiles["web-pki"], now: Date.now(), purpose: undefined },
		cache: new SignatureCache(100),
		budget: { signatureChecks: 40, candidates: 400, paths: 16, nameComparisons: 0 },
		maxIntermediates: 10,
		...overrides,
	});
}

function subjects(path: readonly Certificate[]): string {
	return path.map((certificate) => certificate.subject.text).join(" < ");
}

function ca(subject: string, issuer?: Made, key?: Made): Made {
	return makeCertificate({ subject, isCa: true, ...(issuer ? { issuer } : {}), ...(key ? { key } : {}) });
}

describe("PathFinder", () => {
	it("V20: finds the path whatever the order, with strangers and duplicates", () => {
		const { root, intermediate, leaf } = makeChain();
		const stranger = ca("CN=stranger");
		const found = [...finder(leaf, [stranger, root, intermediate, intermediate, leaf], [root]).paths()];
		assert.deepEqual(found.map(subjects), [subjects([leaf, intermediate, root].map((made) => made.certificate))]);
	});

	it("V19: gives every path over cross-signed CAs, the shortest to an anchor first", () => {
		const rootA = ca("CN=A");
		const rootB = ca("CN=B");
		const crossed = ca("CN=A", rootB, rootA);
		const middle = ca("CN=M", rootA);
		const leaf = makeCertificate({ subject: "CN=leaf", issuer: middle });
		const paths = [...finder(leaf, [crossed, middle], [rootB, rootA]).paths()].map(subjects);
		assert.deepEqual(paths, ["CN=leaf < CN=M < CN=A", "CN=leaf < CN=M < CN=A < CN=B"]);
	});

	it("tries the issuer whose key identifier fits first, and passes over the expired one", () => {
		const root = ca("CN=root");
		const right = ca("CN=M", root);
		const wrong = ca("CN=M", root);
		const expired = makeCertificate({
			subject: "CN=M",
			isCa: true,
			issuer: root,
			key: right,
			notBefore: 0,
			notAfter: Date.now() - 86_400_000,
		});
		const leaf = makeCertificate({ issuer: right });
		const cache = new SignatureCache(10);
		const [first] = finder(leaf, [wrong, expired, right], [root], { cache }).paths();
		assert.equal(first?.[1], right.certificate);
		assert.equal(cache.checks, 2, "no signature by a wrong key was computed");
	});

	it("V16: ends on loops, and tells the first reason", () => {
		const a = ca("CN=a");
		const b = ca("CN=b", a);
		const loop = ca("CN=a", b, a);
		const leaf = makeCertificate({ issuer: a });
		const search = finder(leaf, [loop, b, a], [ca("CN=else")]);
		assert.deepEqual([...search.paths()], []);
		assert.equal(search.failure, undefined);
		assert.equal(search.isExhausted, false);
	});

	it("V3: tells a signature that does not verify, at its depth", () => {
		const { root, intermediate } = makeChain();
		const leaf = makeCertificate({ issuer: intermediate, hasBrokenSignature: true });
		const search = finder(leaf, [intermediate], [root]);
		assert.deepEqual([...search.paths()], []);
		assert.deepEqual([search.failure?.code, search.failure?.depth], ["signature-invalid", 0]);
	});

	it("V16: spends no more signatures than allowed on a chain built to explode", () => {
		const shared = makeKeyPair("p256");
		const attackers = Array.from({ length: 60 }, (_, index) =>
			makeCertificate({ subject: "CN=same", isCa: true, serial: BigInt(index + 1), key: index % 2 ? shared : "p256" }),
		);
		const leaf = makeCertificate({ issuer: attackers[0] as Made, without: ["2.5.29.35"] });
		const cache = new SignatureCache(1000);
		const budget = { signatureChecks: 40, candidates: 400, paths: 16, nameComparisons: 0 };
		const search = finder(leaf, attackers, [ca("CN=root")], { cache, budget });
		assert.deepEqual([...search.paths()], []);
		assert.ok(search.isExhausted);
		assert.ok(cache.checks <= 60);
		const few = finder(leaf, attackers, [], { budget: { ...budget, signatureChecks: 40, candidates: 5 } });
		assert.deepEqual([...few.paths()], []);
		assert.ok(few.isExhausted);
	});

	it("ends at the allowed number of intermediates, not counting self-issued ones", () => {
		const root = ca("CN=root");
		const first = ca("CN=1", root);
		const rolled = ca("CN=1", first);
		const second = ca("CN=2", rolled);
		const leaf = makeCertificate({ issuer: second });
		const all = [first, rolled, second];
		assert.equal([...finder(leaf, all, [root], { maxIntermediates: 2 }).paths()].length, 1);
		const short = finder(leaf, all, [root], { maxIntermediates: 1 });
		assert.deepEqual([...short.paths()], []);
		assert.equal(short.failure?.code, "path-too-long");
	});
});

describe("isSignedBy", () => {
	it("asks the budget only for signatures that are not remembered", () => {
		const { root, intermediate } = makeChain();
		const cache = new SignatureCache(10);
		const budget = { signatureChecks: 1 };
		const key = root.certificate.publicKey;
		assert.equal(isSignedBy(intermediate.certificate, key, cache, budget), true);
		assert.equal(budget.signatureChecks, 0);
		assert.equal(isSignedBy(intermediate.certificate, key, cache, budget), true);
		assert.equal(isSignedBy(root.certificate, key, cache, budget), undefined);
	});
});
