import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { newWorkBudget } from "#pki/build-path.ts";
import { derInteger } from "#pki/der.ts";
import { type OcspQuestion, type OcspStatus, ocspStatus } from "#pki/ocsp-status.ts";
import { purposeOid } from "#pki/oids.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type CertificateRequest, type Made, makeCertificate, makeChain } from "../../test/support/make-certificate.ts";
import { makeOcspResponse, type OcspAnswer, type OcspRequest } from "../../test/support/make-ocsp.ts";

const { intermediate, leaf, root } = makeChain();
const about: OcspAnswer = { certificate: leaf.certificate, issuer: intermediate.certificate };
const minute = 60_000;

function ask(response: Uint8Array, more: Partial<OcspQuestion> = {}): OcspStatus {
	return ocspStatus({
		response,
		certificate: leaf.certificate,
		issuer: intermediate.certificate,
		now: Date.now(),
		profile: validationProfiles["web-pki"],
		cache: new SignatureCache(20),
		budget: newWorkBudget(),
		...more,
	});
}

function status(request: Partial<OcspRequest> = {}, more: Partial<OcspQuestion> = {}): string {
	const found = ask(makeOcspResponse({ answers: [about], signer: intermediate, ...request }), more);
	return found.kind === "unusable" ? found.why : found.kind;
}

function responder(request: CertificateRequest = {}): Made {
	return makeCertificate({
		subject: "CN=ocsp",
		names: [],
		issuer: intermediate,
		extendedKeyUsage: [purposeOid.ocspSigning],
		...request,
	});
}

const notSigned = "it is not signed by the issuer or by a responder that the issuer certified";

describe("ocspStatus (V12)", () => {
	it("answers good, revoked or unknown from the issuer's own signature", () => {
		const nextUpdate = (Math.floor(Date.now() / 1000) + 60) * 1000;
		assert.deepEqual(ask(makeOcspResponse({ answers: [{ ...about, nextUpdate }], signer: intermediate })), {
			kind: "good",
			until: nextUpdate,
		});
		assert.equal(status({ responder: "key" }), "good");
		assert.equal(status({ answers: [{ ...about, hash: "sha256" }] }), "good");
		assert.equal(status({ answers: [{ ...about, status: "unknown" }] }), "unknown");
		const revoked = ask(
			makeOcspResponse({ answers: [{ ...about, status: "revoked", reason: 1 }], signer: intermediate }),
		);
		assert.equal(revoked.kind === "revoked" && revoked.reason, 1);
	});

	it("takes the newest of several answers about the certificate and passes over others", () => {
		const older = { ...about, thisUpdate: Date.now() - 10 * minute };
		const newer: OcspAnswer = { ...about, status: "revoked", thisUpdate: Date.now() - 5 * minute };
		assert.equal(status({ answers: [older, newer] }), "revoked");
		assert.equal(status({ answers: [newer, older] }), "revoked");
		const other = {
			certificate: makeCertificate({ issuer: intermediate }).certificate,
			issuer: intermediate.certificate,
		};
		assert.equal(status({ answers: [other, about] }), "good");
		assert.equal(status({ answers: [other] }), "it is about other certificates");
		assert.equal(status({ answers: [{ ...about, issuer: root.certificate }] }), "it is about other certificates");
	});

	it("does not count a response that is stale or of the future", () => {
		assert.match(status({ answers: [{ ...about, nextUpdate: Date.now() - minute }] }), /^it is stale since/);
		assert.match(status({ answers: [{ ...about, thisUpdate: Date.now() + 10 * minute }] }), /^it is of the future/);
		assert.match(status({ producedAt: Date.now() + 10 * minute }), /^it is of the future/);
		assert.equal(status({ answers: [{ ...about, thisUpdate: Date.now() + 2 * minute }] }), "good", "clocks differ");
		assert.equal(status({ answers: [{ ...about, nextUpdate: null }] }), "good");
		const old = { ...about, nextUpdate: null, thisUpdate: Date.now() - 25 * 60 * minute };
		assert.match(status({ answers: [old] }), /^it is stale since/);
	});

	it("does not count a bad, weak or foreign signature", () => {
		assert.equal(status({ hasBrokenSignature: true }), notSigned);
		assert.equal(status({ signer: root }), notSigned);
		assert.equal(status({ signer: leaf }), notSigned);
		const imposter = makeCertificate({ subject: intermediate.certificate.subject.raw, isCa: true });
		assert.equal(status({ signer: imposter, certificates: [imposter] }), notSigned);
		const rsa = makeCertificate({ subject: "CN=rsa", isCa: true, key: "rsa2048" });
		const below = makeCertificate({ issuer: rsa });
		const answers = [{ certificate: below.certificate, issuer: rsa.certificate }];
		const more = { certificate: below.certificate, issuer: rsa.certificate };
		assert.equal(status({ signer: rsa, answers }, more), "good");
		assert.equal(status({ signer: rsa, answers, signatureHash: "sha1" }, more), "it is weakly signed");
	});

	it("takes a responder that the issuer certified for OCSP signing, and no other", () => {
		const delegate = (request: CertificateRequest = {}) => {
			const signer = responder(request);
			return status({ signer, certificates: [signer] });
		};
		assert.equal(delegate(), "good");
		assert.equal(delegate({ extendedKeyUsage: [purposeOid.serverAuth] }), notSigned);
		assert.equal(delegate({ extendedKeyUsage: [purposeOid.any] }), notSigned);
		assert.equal(delegate({ extendedKeyUsage: [] }), notSigned);
		assert.equal(delegate({ issuer: root }), notSigned);
		assert.equal(delegate({ hasBrokenSignature: true }), notSigned);
		assert.equal(delegate({ notBefore: 0, notAfter: Date.now() - 24 * 60 * minute }), notSigned);
		assert.equal(delegate({ keyUsage: ["keyEncipherment"] }), notSigned);
		assert.equal(delegate({ key: "rsa1024" }), notSigned);
		const signer = responder();
		assert.equal(status({ signer }), notSigned, "its certificate was not sent");
		const unknown = [{ oid: "1.2.3", critical: true, value: derInteger(1) }];
		assert.equal(delegate({ extensions: unknown }), notSigned);
	});

	it("refuses another nonce than the one asked with, and takes a response without one", () => {
		const nonce = Uint8Array.of(1, 2, 3, 4);
		assert.equal(status({ nonce }, { nonce }), "good");
		assert.equal(status({ nonce: Uint8Array.of(9) }, { nonce }), "its nonce is not the one of the request");
		assert.equal(status({}, { nonce }), "good");
		assert.equal(status({ nonce }), "good");
	});

	it("does not count refusals of the responder or responses that are not understood", () => {
		assert.equal(status({ responseStatus: 3 }), "the responder answered try-later");
		const extensions = [{ oid: "1.2.3", critical: true, value: derInteger(1) }];
		assert.match(status({ extensions }), /critical extension/);
		assert.equal(ask(new Uint8Array()).kind, "unusable");
	});

	it("never answers good to changed octets of the signed part", () => {
		const response = makeOcspResponse({ answers: [{ ...about, status: "revoked" }], signer: intermediate });
		fc.assert(
			fc.property(fc.nat(response.length - 1), fc.nat(255), (at, value) => {
				const octets = Uint8Array.from(response);
				octets[at] = value;
				assert.notEqual(ask(octets).kind, "good");
			}),
		);
	});
});
