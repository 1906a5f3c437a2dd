import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newWorkBudget } from "#pki/build-path.ts";
import type { Crl } from "#pki/crl.ts";
import { derInteger, derOid, derSequence } from "#pki/der.ts";
import { accessMethodOid, extensionOid } from "#pki/oids.ts";
import { decideRevocation, type RevocationQuestion, revocationPointers } from "#pki/revocation.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type Made, makeCertificate, makeChain, makeGeneralName } from "../../test/support/make-certificate.ts";
import { type CrlRequest, distributionPoint, makeCrl } from "../../test/support/make-crl.ts";
import { makeOcspResponse, type OcspAnswer } from "../../test/support/make-ocsp.ts";

const { root, intermediate, leaf } = makeChain();
const mustStaple = makeCertificate({
	issuer: intermediate,
	extensions: [{ oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) }],
});
const rootList = makeCrl({ issuer: root });
const hour = 3_600_000;

function decide(more: Partial<RevocationQuestion> & { readonly of?: Made } = {}) {
	return decideRevocation({
		path: [more.of ?? leaf, intermediate, root].map((made) => made.certificate),
		ocspResponses: new Map(),
		crls: [rootList],
		crlIssuers: [],
		anchors: new TrustAnchors([root.certificate]),
		now: Date.now(),
		profile: validationProfiles["web-pki"],
		cache: new SignatureCache(50),
		budget: newWorkBudget(),
		...more,
	});
}

function ocsp(status: OcspAnswer["status"] = "good", of: Made = leaf, more: Partial<OcspAnswer> = {}): Uint8Array {
	const answer = { certificate: of.certificate, issuer: intermediate.certificate, status, ...more };
	return makeOcspResponse({ answers: [answer], signer: intermediate });
}

function cached(response: Uint8Array, of: Made = leaf): ReadonlyMap<string, Uint8Array> {
	return new Map([[of.certificate.fingerprint, response]]);
}

function lists(request: Partial<CrlRequest> = {}): Crl[] {
	return [rootList, makeCrl({ issuer: intermediate, ...request })];
}

const leafRevoked = { revoked: [{ serial: leaf.certificate.serial, reason: 4 }] };

describe("decideRevocation (V12)", () => {
	it("asks the staple first, then OCSP answers at hand, then CRLs", () => {
		const revokedEverywhere = { ocspResponses: cached(ocsp("revoked")), crls: lists(leafRevoked) };
		const byStaple = decide({ ...revokedEverywhere, staple: ocsp() });
		assert.deepEqual([byStaple.answer, byStaple.source], ["good", "staple"]);
		const byOcsp = decide({ ocspResponses: cached(ocsp()), crls: lists(leafRevoked) });
		assert.deepEqual([byOcsp.answer, byOcsp.source], ["good", "ocsp"]);
		const byCrl = decide({ crls: lists() });
		assert.deepEqual([byCrl.answer, byCrl.source], ["good", "crl"]);
	});

	it("goes on to the next source when one does not count", () => {
		const stale = ocsp("revoked", leaf, { nextUpdate: Date.now() - hour });
		assert.deepEqual(decide({ staple: stale, ocspResponses: cached(ocsp("revoked")) }).source, "ocsp");
		const byCrl = decide({ staple: stale, ocspResponses: cached(stale), crls: lists(leafRevoked) });
		assert.deepEqual([byCrl.answer, byCrl.source, byCrl.reason], ["revoked", "crl", 4]);
		assert.match(byCrl.sentence, /^certificate 0 was revoked on .* \(superseded\)$/);
	});

	it("tells revoked, unknown and unavailable apart", () => {
		assert.equal(decide({ staple: ocsp("revoked") }).answer, "revoked");
		assert.deepEqual(
			[decide({ staple: ocsp("unknown") })].map(({ answer, source }) => [answer, source]),
			[["unknown", "staple"]],
		);
		assert.equal(decide({ ocspResponses: cached(ocsp("unknown")) }).answer, "unknown");
		assert.equal(decide({ ocspResponses: cached(ocsp("unknown")), crls: lists(leafRevoked) }).answer, "revoked");
		const none = decide();
		assert.equal(none.answer, "unavailable");
		assert.match(none.sentence, /no CRL of its issuer is at hand/);
		const tried = decide({ staple: Uint8Array.of(1), ocspResponses: cached(Uint8Array.of(2)) });
		assert.match(tried.sentence, /staple: .*; OCSP: .*; CRL: /);
	});

	it("asks about intermediates as well, and the worst answer decides", () => {
		const withdrawn = makeCrl({ issuer: root, revoked: [{ serial: intermediate.certificate.serial }] });
		const verdict = decide({ staple: ocsp(), crls: [withdrawn] });
		assert.deepEqual([verdict.answer, verdict.depth], ["revoked", 1]);
		assert.deepEqual(
			[decide({ staple: ocsp(), crls: [] })].map(({ answer, depth }) => [answer, depth]),
			[["unavailable", 1]],
		);
		const answer = { certificate: intermediate.certificate, issuer: root.certificate };
		const above = makeOcspResponse({ answers: [answer], signer: root });
		assert.equal(decide({ staple: ocsp(), crls: [], ocspResponses: cached(above, intermediate) }).answer, "good");
	});

	it("runs out when the first of its answers does", () => {
		const until = (Math.floor(Date.now() / 1000) + 90) * 1000;
		assert.equal(decide({ staple: ocsp("good", leaf, { nextUpdate: until }) }).until, until);
		assert.equal(
			decide({ staple: ocsp("good", leaf, { nextUpdate: Date.now() + 1000 * hour }) }).until,
			rootList.nextUpdate,
		);
		assert.equal(decide().until, undefined);
	});

	it("honours must-staple: only a good staple will do, and revoked is still told", () => {
		const of = mustStaple;
		assert.equal(decide({ of, staple: ocsp("good", of) }).answer, "good");
		const missing = decide({ of, crls: lists() });
		assert.deepEqual([missing.answer, missing.depth], ["staple-missing", 0]);
		assert.match(missing.sentence, /none came/);
		assert.equal(decide({ of, ocspResponses: cached(ocsp("good", of), of) }).answer, "staple-missing");
		assert.match(decide({ of, staple: ocsp("unknown", of), crls: lists() }).sentence, /does not know the certificate/);
		const serial = of.certificate.serial;
		assert.equal(decide({ of, crls: lists({ revoked: [{ serial }] }) }).answer, "revoked");
		assert.equal(decide({ of, staple: ocsp("revoked", of) }).answer, "revoked");
	});

	it("does not ask about short-lived certificates that name no place to ask", () => {
		const dates = { notBefore: Date.now() - hour, notAfter: Date.now() + 6 * 24 * hour };
		const short = decide({ of: makeCertificate({ issuer: intermediate, ...dates }) });
		assert.deepEqual([short.answer, short.source], ["good", "short-lived"]);
		const extensions = [distributionPoint(["uri:http://a.example/crl"])];
		assert.equal(decide({ of: makeCertificate({ issuer: intermediate, ...dates, extensions }) }).answer, "unavailable");
	});

	it("asks nothing about an anchor", () => {
		assert.equal(decide({ path: [root.certificate] }).answer, "good");
	});
});

describe("revocationPointers", () => {
	it("gives the http addresses only", () => {
		const access = (method: string, uri: string) => derSequence(derOid(method), makeGeneralName(`uri:${uri}`));
		const { ocsp: responder, caIssuers } = accessMethodOid;
		const value = derSequence(
			access(responder, "http://ocsp.example/"),
			access(responder, "https://ocsp.example/"),
			access(caIssuers, "HTTP://ca.example/ca.cer"),
			access(caIssuers, "ldap://ca.example/"),
			derSequence(derOid(caIssuers), makeGeneralName("dns:ca.example")),
		);
		const points = distributionPoint(["uri:http://crl.example/1", "uri:file:///etc/passwd", "dn:CN=a"]);
		const { certificate } = makeCertificate({
			extensions: [
				{ oid: extensionOid.authorityInfoAccess, value },
				points,
				{ oid: extensionOid.freshestCrl, value: points.value },
			],
		});
		assert.deepEqual(revocationPointers(certificate), {
			ocsp: ["http://ocsp.example/"],
			crls: ["http://crl.example/1"],
			deltaCrls: ["http://crl.example/1"],
			caIssuers: ["HTTP://ca.example/ca.cer"],
		});
		assert.deepEqual(revocationPointers(leaf.certificate), { ocsp: [], crls: [], deltaCrls: [], caIssuers: [] });
	});
});
