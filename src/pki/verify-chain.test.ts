import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { contextTag, derConstructed, derInteger, derOid, derSequence } from "#pki/der.ts";
import { anyPolicyOid, extensionOid, purposeOid } from "#pki/oids.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type Refusal, validationProfiles } from "#pki/validation-profile.ts";
import { type ChainQuestion, type ChainVerdict, verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import {
	type CertificateRequest,
	type Made,
	makeCertificate,
	makeChain,
	makeGeneralName,
} from "../../test/support/make-certificate.ts";

const host = "shop.example";

function ask(leaf: Made, intermediates: readonly Made[], anchors: readonly Made[], more: Partial<ChainQuestion> = {}) {
	return verifyChain({
		leaf: leaf.certificate,
		intermediates: intermediates.map((made) => made.certificate),
		anchors: new TrustAnchors(anchors.map((made) => made.certificate)),
		now: Date.now(),
		host,
		...more,
	});
}

function reason(verdict: ChainVerdict): Refusal {
	assert.equal(verdict.kind, "untrusted");
	return (verdict as { reason: Refusal }).reason;
}

function path(verdict: ChainVerdict): readonly Certificate[] {
	assert.deepEqual(verdict.kind === "untrusted" ? verdict.reason : undefined, undefined);
	return (verdict as { path: readonly Certificate[] }).path;
}

function ca(subject: string, request: CertificateRequest = {}): Made {
	return makeCertificate({ subject, isCa: true, ...request });
}

function server(issuer: Made, request: CertificateRequest = {}): Made {
	return makeCertificate({ subject: `CN=${host}`, names: [host], issuer, ...request });
}

function permit(...names: string[]) {
	const subtrees = names.map((name) => derSequence(makeGeneralName(name)));
	return { oid: extensionOid.nameConstraints, critical: true, value: derSequence(derConstructed(0, ...subtrees)) };
}

describe("verifyChain", () => {
	it("V1: trusts a chain to an anchor in every profile, and gives its path", () => {
		const { root, intermediate, leaf } = makeChain([host]);
		for (const profile of Object.values(validationProfiles)) {
			const trusted = path(ask(leaf, [intermediate], [root], { profile }));
			assert.deepEqual(trusted, [leaf.certificate, intermediate.certificate, root.certificate]);
		}
		assert.deepEqual(path(ask(leaf, [], [intermediate])), [leaf.certificate, intermediate.certificate]);
	});

	it("works with RSA, RSASSA-PSS, P-384 and Ed25519 chains", () => {
		for (const key of ["rsa2048", "p384", "ed25519"] as const) {
			const { root, intermediate, leaf } = makeChain([host], { root: { key }, intermediate: { key }, leaf: { key } });
			path(ask(leaf, [intermediate], [root]));
		}
		const root = ca("CN=root", { key: "rsa2048" });
		path(ask(server(root, { isPss: true }), [], [root]));
	});

	it("V1: refuses an unknown issuer and names it", () => {
		const { intermediate, leaf } = makeChain([host]);
		const refused = reason(ask(leaf, [intermediate], [ca("CN=other")]));
		assert.equal(refused.code, "unknown-issuer");
		assert.match(refused.sentence, /Test Intermediate/);
		const twin = ca("O=Sallyport Test,CN=Test Root");
		assert.equal(reason(ask(leaf, [intermediate], [twin])).code, "signature-invalid");
	});

	it("V2: refuses a self-signed certificate, unless the profile takes anchors for leaves", () => {
		const own = makeCertificate({ subject: `CN=${host}`, names: [host] });
		assert.equal(reason(ask(own, [], [])).code, "self-signed");
		assert.equal(reason(ask(own, [], [own])).code, "leaf-is-anchor");
		const lenient = { profile: validationProfiles.lenient };
		assert.deepEqual(path(ask(own, [], [own], lenient)), [own.certificate]);
		assert.equal(reason(ask(own, [], [own], { ...lenient, host: "other.example" })).code, "name-mismatch");
	});

	it("V3: refuses a bad signature at each depth", () => {
		const root = ca("CN=root");
		const broken = ca("CN=m", { issuer: root, hasBrokenSignature: true });
		assert.deepEqual(
			[reason(ask(server(broken), [broken], [root]))].map(({ code, depth }) => [code, depth]),
			[["signature-invalid", 1]],
		);
		const leaf = server(root, { hasBrokenSignature: true });
		assert.deepEqual(
			[reason(ask(leaf, [], [root]))].map(({ code, depth }) => [code, depth]),
			[["signature-invalid", 0]],
		);
	});

	it("V4: refuses expired certificates at each depth, the anchor's too", () => {
		const old = { notBefore: 0, notAfter: Date.now() - 86_400_000 };
		const root = ca("CN=root");
		assert.equal(reason(ask(server(root, old), [], [root])).code, "expired");
		const middle = ca("CN=m", { issuer: root, ...old });
		assert.deepEqual(
			[reason(ask(server(middle), [middle], [root]))].map(({ code, depth }) => [code, depth]),
			[["expired", 1]],
		);
		const oldRoot = ca("CN=old root", old);
		assert.equal(reason(ask(server(oldRoot), [], [oldRoot])).code, "expired");
	});

	it("V5: refuses another host, after the chain itself holds", () => {
		const { root, intermediate, leaf } = makeChain([host]);
		const refused = reason(ask(leaf, [intermediate], [root], { host: "pay.example" }));
		assert.equal(refused.code, "name-mismatch");
		assert.equal(refused.sentence, "the certificate is for shop.example; expected pay.example");
		path(ask(leaf, [intermediate], [root], { host: undefined }));
	});

	it("V6: keeps pathLenConstraint, the anchor's too, and does not count self-issued CAs", () => {
		const root = ca("CN=root", { pathLength: 1 });
		const first = ca("CN=1", { issuer: root, pathLength: 0 });
		const rolled = ca("CN=1", { issuer: first, pathLength: 0 });
		const second = ca("CN=2", { issuer: first });
		path(ask(server(first), [first], [root]));
		path(ask(server(rolled), [first, rolled], [root]));
		const refused = reason(ask(server(second), [first, second], [root]));
		assert.deepEqual([refused.code, refused.depth], ["path-too-long", 1]);
		const tight = ca("CN=tight", { pathLength: 0 });
		const below = ca("CN=below", { issuer: tight });
		assert.equal(reason(ask(server(below), [below], [tight])).code, "path-too-long");
	});

	it("V8: keeps the name constraints of anchors and intermediates, but not on self-issued CAs in between", () => {
		const root = ca("CN=root", { extensions: [permit("dns:example")] });
		path(ask(server(root), [], [root]));
		const narrow = ca("CN=m", { issuer: root, extensions: [permit("dns:pay.example")] });
		const refused = reason(ask(server(narrow), [narrow], [root]));
		assert.deepEqual([refused.code, refused.depth], ["name-constraint-violated", 0]);
		const named = ca("CN=m", { issuer: root, names: ["m.elsewhere"] });
		assert.deepEqual(
			[reason(ask(server(named), [named], [root]))].map(({ code, depth }) => [code, depth]),
			[["name-constraint-violated", 1]],
		);
		const rolled = ca("CN=root", { issuer: root, names: ["root.elsewhere"] });
		path(ask(server(rolled), [rolled], [root]));
		const broken = ca("CN=broken", { extensions: [permit("dns:*.example")] });
		assert.equal(reason(ask(server(broken), [], [broken])).code, "name-constraint-malformed");
		const period = ca("CN=period", { extensions: [permit("dns:.example")] });
		assert.equal(reason(ask(server(period), [], [period])).code, "name-constraint-leading-period");
		path(ask(server(period), [], [period], { profile: validationProfiles.lenient }));
	});

	it("V13: asks for policies when the caller or a CA requires them", () => {
		const policies = (...oids: string[]) => ({
			oid: extensionOid.certificatePolicies,
			value: derSequence(...oids.map((oid) => derSequence(derOid(oid)))),
		});
		const require = {
			oid: extensionOid.policyConstraints,
			critical: true,
			value: derSequence(derInteger(0, contextTag(0))),
		};
		const root = ca("CN=root");
		const middle = ca("CN=m", { issuer: root, extensions: [policies("1.2.3"), require] });
		assert.equal(reason(ask(server(middle), [middle], [root])).code, "no-valid-policy");
		const leaf = server(middle, { extensions: [policies("1.2.3", "1.2.4")] });
		const verdict = ask(leaf, [middle], [root]);
		assert.deepEqual(verdict.kind === "trusted" && verdict.policies, ["1.2.3"]);
		const acceptable = {
			acceptable: new Set(["1.2.4"]),
			mustBeExplicit: true,
			isMappingInhibited: false,
			isAnyInhibited: false,
		};
		assert.equal(reason(ask(leaf, [middle], [root], { policies: acceptable })).code, "no-valid-policy");
		const mapping = {
			oid: extensionOid.policyMappings,
			value: derSequence(derSequence(derOid("1.2.3"), derOid(anyPolicyOid))),
		};
		const mapped = ca("CN=m", { issuer: root, extensions: [policies("1.2.3"), mapping] });
		assert.equal(reason(ask(server(mapped), [mapped], [root])).code, "policy-mapping-any");
	});

	it("V19: takes another path when the first one breaks a constraint", () => {
		const root = ca("CN=root");
		const key = makeCertificate();
		const constrained = ca("CN=a", { issuer: root, extensions: [permit("dns:elsewhere")] });
		const viaConstrained = ca("CN=m", { issuer: constrained, key, notAfter: Date.now() + 99 * 86_400_000 });
		const direct = ca("CN=m", { issuer: root, key });
		const leaf = server(direct);
		assert.deepEqual(path(ask(leaf, [viaConstrained, constrained, direct], [root])), [
			leaf.certificate,
			direct.certificate,
			root.certificate,
		]);
		assert.equal(reason(ask(leaf, [viaConstrained, constrained], [root])).code, "name-constraint-violated");
	});

	it("V23: never trusts the gateway's own signing CA on the server's side", () => {
		const own = ca("CN=own");
		const leaf = server(own);
		path(ask(leaf, [], [own]));
		const ownAuthorities = new Set([createHash("sha256").update(own.certificate.publicKey.raw).digest("hex")]);
		assert.equal(reason(ask(leaf, [], [own], { ownAuthorities })).code, "own-authority");
		const root = ca("CN=root");
		const crossed = ca("CN=own", { issuer: root, key: own });
		assert.equal(reason(ask(leaf, [crossed], [root], { ownAuthorities })).code, "own-authority");
	});

	it("asks form only of a path that reached an anchor", () => {
		const root = ca("CN=root");
		const leaf = server(root, { without: [extensionOid.authorityKeyIdentifier] });
		assert.equal(reason(ask(leaf, [], [])).code, "unknown-issuer");
		assert.equal(reason(ask(leaf, [], [root])).code, "authority-key-identifier-missing");
		path(ask(leaf, [], [root], { profile: validationProfiles.lenient }));
	});

	it("asks for serverAuth unless told otherwise", () => {
		const root = ca("CN=root");
		const client = server(root, { extendedKeyUsage: [purposeOid.clientAuth] });
		assert.equal(reason(ask(client, [], [root])).code, "leaf-extended-key-usage");
		path(ask(client, [], [root], { purpose: purposeOid.clientAuth }));
		path(ask(client, [], [root], { purpose: purposeOid.any }));
	});

	it("V16: refuses a chain built to explode within its budget", () => {
		const attackers = Array.from({ length: 100 }, (_, index) =>
			ca("CN=same", { serial: BigInt(index + 1), without: [extensionOid.subjectKeyIdentifier] }),
		);
		const leaf = server(attackers[0] as Made, { without: [extensionOid.authorityKeyIdentifier] });
		const cache = new SignatureCache(1000);
		assert.equal(reason(ask(leaf, attackers, [ca("CN=root")], { cache })).code, "too-much-work");
		assert.ok(cache.checks <= 60);
	});

	it("V16: refuses when more complete paths fail than are tried", () => {
		const key = makeCertificate();
		const roots = Array.from({ length: 30 }, (_, index) =>
			ca("CN=root", { key, serial: BigInt(index + 1), pathLength: 0 }),
		);
		const middle = ca("CN=m", { issuer: roots[0] as Made });
		assert.equal(reason(ask(server(middle), [middle], roots)).code, "too-much-work");
	});

	it("V16: validates a certificate with 10,000 names, and refuses it under many constraints", () => {
		const names = Array.from({ length: 10_000 }, (_, index) => `host-${index}.example`);
		const root = ca("CN=root");
		path(ask(server(root, { names: [...names, host] }), [], [root]));
		const constrained = ca("CN=m", {
			extensions: [permit(...Array.from({ length: 50 }, (_, index) => `dns:${index}.example`))],
		});
		assert.equal(reason(ask(server(constrained, { names }), [], [constrained])).code, "too-much-work");
	});

	it("V16: 64,000 names are one pass, and a reason is a sentence however large the names are", () => {
		const root = ca("CN=root");
		const names = Array.from({ length: 64_000 }, (_, index) => makeGeneralName(`dns:h${index}.example`));
		const value = derSequence(Buffer.concat([...names, makeGeneralName(`dns:${host}`)]));
		const san = { oid: extensionOid.subjectAltName, value };
		path(ask(server(root, { extensions: [san] }), [], [root]));
		const huge = ca(`CN=${"x".repeat(400_000)}`);
		const broken = server(huge, { hasBrokenSignature: true });
		for (const refused of [ask(huge, [], [root]), ask(server(huge), [], [root]), ask(broken, [huge], [root])])
			assert.ok(reason(refused).sentence.length <= 610, reason(refused).code);
	});

	it("V16: mutual cross-signatures of many keys with one name, and with many names, end at the budget", () => {
		const keys = Array.from({ length: 6 }, () => makeCertificate());
		for (const nameOf of [() => "CN=same", (index: number) => `CN=ca${index}`]) {
			const cas = keys.map((key, index) => ca(nameOf(index), { key, without: [extensionOid.subjectKeyIdentifier] }));
			const crossed = cas.flatMap((key) =>
				cas.map((issuer) =>
					ca("", { subject: key.certificate.subject.raw, key, issuer, without: [extensionOid.authorityKeyIdentifier] }),
				),
			);
			const cache = new SignatureCache(1000);
			const leaf = server(cas[0] as Made, { without: [extensionOid.authorityKeyIdentifier] });
			assert.equal(reason(ask(leaf, crossed, [ca("CN=root")], { cache })).code, "too-much-work");
			assert.ok(cache.checks <= 60);
		}
	});

	it("V19: finds the one of many CAs with the same name, and no key identifiers, that signed", () => {
		const without = [extensionOid.subjectKeyIdentifier, extensionOid.authorityKeyIdentifier];
		const root = ca("CN=root");
		const twins = Array.from({ length: 16 }, () => ca("CN=same", { issuer: root, without }));
		const leaf = server(twins[15] as Made, { without });
		const profile = validationProfiles.lenient;
		assert.equal(path(ask(leaf, twins, [root], { profile }))[1], twins[15]?.certificate);
		const anchors = Array.from({ length: 16 }, () => ca("CN=same", { without }));
		path(ask(server(anchors[9] as Made, { without }), [], anchors, { profile }));
	});

	it("V3: no octet of a leaf or an intermediate can be changed, and nothing makes it throw", () => {
		const { root, intermediate, leaf } = makeChain([host]);
		const anchors = new TrustAnchors([root.certificate]);
		const common = { anchors, now: Date.now(), host, cache: new SignatureCache(16) };
		const changed = (made: Made, at: number, by: number) => {
			const der = Uint8Array.from(made.der);
			der[at % der.length] = (der[at % der.length] as number) ^ by;
			const decoded = decodeCertificate(der);
			return decoded.kind === "done" ? decoded.value : undefined;
		};
		fc.assert(
			fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, isLeaf) => {
				const other = changed(isLeaf ? leaf : intermediate, at, by);
				if (other === undefined) return;
				const verdict = verifyChain({
					...common,
					leaf: isLeaf ? other : leaf.certificate,
					intermediates: [isLeaf ? intermediate.certificate : other],
				});
				assert.equal(verdict.kind, "untrusted");
			}),
		);
	});

	it("remembers signatures between calls", () => {
		const { root, intermediate, leaf } = makeChain([host]);
		const cache = new SignatureCache(10);
		path(ask(leaf, [intermediate], [root], { cache }));
		assert.equal(cache.checks, 2);
		path(ask(leaf, [intermediate], [root], { cache }));
		assert.equal(cache.checks, 2);
		const sibling = server(intermediate);
		path(ask(sibling, [intermediate], [root], { cache }));
		assert.equal(cache.checks, 3);
	});
});
