/**
 * What an OCSP response says about one certificate, once it is known who signed it and that it is fresh (RFC 6960 §3.2,
 * §4.2.2.2).
 *
 * A response counts when the certificate's issuer signed it, or a responder that this issuer itself certified for OCSP
 * signing. A responder's own revocation is not asked: its certificate is short-lived or says so (id-pkix-ocsp-nocheck).
 */

import { hash } from "node:crypto";
import { concat, equalBytes } from "#base/bytes.ts";
import { isSignedBy, type WorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { checkCertificate, dateText } from "#pki/check-certificate.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { type BasicResponse, decodeOcspResponse, isAbout, isResponder, type SingleResponse } from "#pki/ocsp.ts";
import { purposeOid } from "#pki/oids.ts";
import type { ValidationProfile } from "#pki/validation-profile.ts";
import { type SignatureCache, signatureScheme, verifySignature } from "#pki/verify-signature.ts";

export interface OcspQuestion {
	/** The response as it came. */
	readonly response: Uint8Array;
	readonly certificate: Certificate;
	/** The certificate above it on a validated path. */
	readonly issuer: Certificate;
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly profile: ValidationProfile;
	readonly cache: SignatureCache;
	readonly budget: WorkBudget;
	/** What the request carried; a response with another nonce does not count, one without does. */
	readonly nonce?: Uint8Array | undefined;
}

export type OcspStatus =
	/** `until` is when the answer runs out, in milliseconds since 1970. */
	| { readonly kind: "good"; readonly until: number }
	| { readonly kind: "revoked"; readonly revokedAt: number; readonly reason: number | undefined }
	/** The responder does not know the certificate. */
	| { readonly kind: "unknown" }
	/** There is no answer that counts. */
	| { readonly kind: "unusable"; readonly why: string };

/** Answers the question. Never throws. */
export function ocspStatus(question: OcspQuestion): OcspStatus {
	const decoded = decodeOcspResponse(question.response);
	if (decoded.kind !== "done") return unusable(decoded.kind === "malformed" ? decoded.reason : "it is cut short");
	const { status, basic } = decoded.value;
	if (basic === undefined) return unusable(`the responder answered ${status}`);
	const [fault] = basic.faults;
	if (fault !== undefined) return unusable(fault);
	const answer = newest(basic.responses.filter(({ id }) => isAbout(id, question.certificate, question.issuer)));
	if (answer === undefined) return unusable("it is about other certificates");
	const obstacle =
		findStaleness(answer, basic, question.now) ??
		findNonceMismatch(basic, question.nonce) ??
		findForeignSigner(basic, question);
	if (obstacle !== undefined) return unusable(obstacle);
	if (answer.status.kind === "good") return { kind: "good", until: lastMoment(answer) };
	return answer.status;
}

function newest(answers: readonly SingleResponse[]): SingleResponse | undefined {
	return answers.toSorted((a, b) => b.thisUpdate - a.thisUpdate)[0];
}

function findStaleness(answer: SingleResponse, basic: BasicResponse, now: number): string | undefined {
	const latest = Math.max(answer.thisUpdate, basic.producedAt);
	if (latest > now + clockSkewMs) return `it is of the future: ${dateText(latest)}`;
	const until = lastMoment(answer);
	return until < now ? `it is stale since ${dateText(until)}` : undefined;
}

/** Without nextUpdate "newer revocation information is available all the time" (§4.2.2.1): a day is the most. */
function lastMoment(answer: SingleResponse): number {
	return answer.nextUpdate ?? answer.thisUpdate + dayMs;
}

function findNonceMismatch(basic: BasicResponse, nonce: Uint8Array | undefined): string | undefined {
	if (nonce === undefined || basic.nonce === undefined || equalBytes(nonce, basic.nonce)) return undefined;
	return "its nonce is not the one of the request";
}

function findForeignSigner(basic: BasicResponse, question: OcspQuestion): string | undefined {
	const scheme = signatureScheme(basic.signatureAlgorithm);
	if (scheme === undefined || !(scheme.hash === "" || question.profile.hashes.has(scheme.hash)))
		return "it is weakly signed";
	for (const signer of [question.issuer, ...basic.certificates]) {
		if (!isResponder(basic.responder, signer) || !scheme.keyKinds.includes(signer.publicKey.kind)) continue;
		if (signer !== question.issuer && !isDelegate(signer, question)) continue;
		const signed = `ocsp ${hash("sha256", concat([basic.tbs, basic.signature]), "hex")}`;
		const isGood = question.cache.verify(signed, signer.publicKey.raw, (key) =>
			verifySignature(scheme, key, basic.tbs, basic.signature),
		);
		if (isGood) return undefined;
	}
	return "it is not signed by the issuer or by a responder that the issuer certified";
}

/** §4.2.2.2: certified by the same CA, in time, strong, and explicitly for OCSP signing. */
function isDelegate(signer: Certificate, { issuer, now, profile, cache, budget }: OcspQuestion): boolean {
	const { extendedKeyUsage, keyUsage } = signer.typed;
	if (extendedKeyUsage?.includes(purposeOid.ocspSigning) !== true) return false;
	if (keyUsage !== undefined && (keyUsage & keyUsageBit.digitalSignature) === 0) return false;
	if (!signer.issuer.equals(issuer.subject)) return false;
	if (checkCertificate(signer, "leaf", 0, { profile, now, purpose: purposeOid.ocspSigning }) !== undefined)
		return false;
	return isSignedBy(signer, issuer.publicKey, cache, budget) === true;
}

function unusable(why: string): OcspStatus {
	return { kind: "unusable", why };
}

const clockSkewMs = 300_000;
const dayMs = 86_400_000;
