/**
 * The decision about revocation for a validated path: what was stapled first, then OCSP answers at hand, then CRLs.
 *
 * "revoked", "unknown" (the responder does not know the certificate) and "unavailable" (nothing counts) are different
 * answers, because policy gives each its own action. A certificate that demands a staple and comes without a good one
 * is "staple-missing" (RFC 7633). Pure: fetching is the shell's part.
 */

import type { WorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { dateText } from "#pki/check-certificate.ts";
import type { Crl } from "#pki/crl.ts";
import { type CrlStatus, crlStatus } from "#pki/crl-status.ts";
import type { DistributionPoint } from "#pki/extensions.ts";
import { type OcspStatus, ocspStatus } from "#pki/ocsp-status.ts";
import { accessMethodOid } from "#pki/oids.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import type { ValidationProfile } from "#pki/validation-profile.ts";
import type { SignatureCache } from "#pki/verify-signature.ts";

export type RevocationAnswer = "good" | "revoked" | "unknown" | "unavailable" | "staple-missing";
export type RevocationSource = "staple" | "ocsp" | "crl" | "short-lived" | "none";

export interface RevocationQuestion {
	/** A validated path, leaf first and anchor last. */
	readonly path: readonly Certificate[];
	/** The OCSP response that the server sent in the handshake. */
	readonly staple?: Uint8Array | undefined;
	/** OCSP responses at hand, by the fingerprint of the certificate they were asked for. */
	readonly ocspResponses: ReadonlyMap<string, Uint8Array>;
	readonly crls: readonly Crl[];
	/** Certificates of CRL issuers that stand outside the path. */
	readonly crlIssuers: readonly Certificate[];
	/** What is asked besides the staple; both when absent. */
	readonly asks?: { readonly ocsp: boolean; readonly crl: boolean } | undefined;
	/** Why nothing could be fetched about a certificate, by its fingerprint. */
	readonly failures?: ReadonlyMap<string, string> | undefined;
	/** The handshake was an abbreviated one, in which no staple can come. */
	readonly isResumed?: boolean | undefined;
	/** Danger: a certificate that is on hold counts as good. */
	readonly ignoresHold?: boolean | undefined;
	readonly anchors: TrustAnchors;
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly profile: ValidationProfile;
	readonly cache: SignatureCache;
	readonly budget: WorkBudget;
}

/** What is known about one certificate, or about the whole path when it is the decisive one. */
export interface RevocationVerdict {
	readonly answer: RevocationAnswer;
	/** 0 is the leaf. */
	readonly depth: number;
	readonly source: RevocationSource;
	readonly sentence: string;
	/** When a good answer runs out, in milliseconds since 1970; undefined for every other answer. */
	readonly until: number | undefined;
	readonly revokedAt: number | undefined;
	/** CRLReason by number. */
	readonly reason: number | undefined;
}

/**
 * The verdict over the path: the worst answer, the nearest to the leaf among equals. A good verdict runs out when the
 * first of its answers does.
 */
export function decideRevocation(question: RevocationQuestion): RevocationVerdict {
	return worstVerdict(decideEach(question));
}

/** What is known about each certificate of the path below its anchor, leaf first. */
export function decideEach(question: RevocationQuestion): RevocationVerdict[] {
	const verdicts: RevocationVerdict[] = [];
	for (let depth = 0; depth < question.path.length - 1; depth++) {
		const found = decideOne(question, depth);
		verdicts.push(question.ignoresHold === true && isOnHold(found) ? held(found, question.now) : found);
	}
	return verdicts;
}

/** The verdict over a path from those about its certificates. */
export function worstVerdict(verdicts: readonly RevocationVerdict[]): RevocationVerdict {
	let worst: RevocationVerdict | undefined;
	let until = Number.POSITIVE_INFINITY;
	for (const one of verdicts) {
		if (worst === undefined || severity[one.answer] > severity[worst.answer]) worst = one;
		until = Math.min(until, one.until ?? until);
	}
	if (worst === undefined) return verdict("good", 0, "none", "a trust anchor is not asked about", { until });
	return worst.answer === "good" ? { ...worst, until } : worst;
}

/** Where a certificate's state can be asked; `http` addresses only. */
export interface RevocationPointers {
	readonly ocsp: readonly string[];
	readonly crls: readonly string[];
	readonly deltaCrls: readonly string[];
	/** Where the issuer's certificate can be had. */
	readonly caIssuers: readonly string[];
}

/** The addresses that a certificate names. */
export function revocationPointers({ typed }: Certificate): RevocationPointers {
	const access = (method: string) =>
		(typed.authorityInfoAccess ?? []).flatMap((description) =>
			description.method === method && description.location.kind === "uri" ? [description.location.text] : [],
		);
	return {
		ocsp: access(accessMethodOid.ocsp).filter(isHttp),
		crls: pointAddresses(typed.crlDistributionPoints),
		deltaCrls: pointAddresses(typed.freshestCrl),
		caIssuers: access(accessMethodOid.caIssuers).filter(isHttp),
	};
}

function pointAddresses(points: readonly DistributionPoint[] | undefined): string[] {
	return (points ?? [])
		.flatMap(({ fullName }) => (fullName ?? []).flatMap((name) => (name.kind === "uri" ? [name.text] : [])))
		.filter(isHttp);
}

function isHttp(address: string): boolean {
	return address.toLowerCase().startsWith("http://");
}

function decideOne(question: RevocationQuestion, depth: number): RevocationVerdict {
	const certificate = question.path[depth] as Certificate;
	const staple = depth === 0 ? askOcsp(question, depth, question.staple) : undefined;
	if (staple?.kind === "good") return good(depth, "staple", staple.until);
	if (staple?.kind === "revoked") return revoked(depth, "staple", staple);
	const other = decideWithoutStaple(question, depth, staple);
	const demandsStaple = certificate.typed.tlsFeatures?.includes(statusRequest) === true;
	const mustStaple = depth === 0 && question.isResumed !== true && demandsStaple;
	if (!mustStaple || other.answer === "revoked") return other;
	const found = staple === undefined ? "none came" : `the one that came does not count: ${shortfall(staple)}`;
	return verdict("staple-missing", depth, "staple", `certificate ${depth} demands a stapled OCSP response; ${found}`);
}

/** What OCSP answers at hand and CRLs say, when no staple settled it. */
function decideWithoutStaple(
	question: RevocationQuestion,
	depth: number,
	staple: OcspShortfall | undefined,
): RevocationVerdict {
	const certificate = question.path[depth] as Certificate;
	const asks = question.asks ?? askAll;
	const response = asks.ocsp ? question.ocspResponses.get(certificate.fingerprint) : undefined;
	const answer = askOcsp(question, depth, response);
	if (answer?.kind === "good") return good(depth, "ocsp", answer.until);
	if (answer?.kind === "revoked") return revoked(depth, "ocsp", answer);
	const list: CrlStatus = asks.crl ? crlStatus({ ...question, depth, issuers: question.crlIssuers }) : notAsked;
	if (list.kind === "revoked") return revoked(depth, "crl", list.entry);
	if (list.kind === "good") return good(depth, "crl", list.until);
	const unknownTo = staple?.kind === "unknown" ? "staple" : answer?.kind === "unknown" ? "ocsp" : undefined;
	if (unknownTo !== undefined)
		return verdict("unknown", depth, unknownTo, `the OCSP responder does not know certificate ${depth}`);
	if (isShortLived(certificate)) return good(depth, "short-lived", certificate.notAfter);
	const failure = question.failures?.get(certificate.fingerprint);
	const tried = [
		...(staple === undefined ? [] : [`staple: ${shortfall(staple)}`]),
		...(answer === undefined ? [] : [`OCSP: ${shortfall(answer)}`]),
		...(failure === undefined ? [] : [failure]),
		`CRL: ${list.why}`,
	];
	return verdict("unavailable", depth, "none", `the state of certificate ${depth} is not known (${tried.join("; ")})`);
}

type OcspShortfall = Extract<OcspStatus, { readonly kind: "unknown" | "unusable" }>;

function shortfall(status: OcspShortfall): string {
	return status.kind === "unknown" ? "the responder does not know the certificate" : status.why;
}

function askOcsp(
	question: RevocationQuestion,
	depth: number,
	response: Uint8Array | undefined,
): OcspStatus | undefined {
	if (response === undefined) return undefined;
	const { path, now, profile, cache, budget } = question;
	const certificate = path[depth] as Certificate;
	const issuer = path[depth + 1] as Certificate;
	return ocspStatus({ response, certificate, issuer, now, profile, cache, budget });
}

/** A certificate of at most seven days that names no place to ask need not be asked about (BR 4.9.7, "short-lived"). */
function isShortLived(certificate: Certificate): boolean {
	const { ocsp, crls } = revocationPointers(certificate);
	return ocsp.length === 0 && crls.length === 0 && certificate.notAfter - certificate.notBefore <= shortLivedMs;
}

function good(depth: number, source: RevocationSource, until: number): RevocationVerdict {
	return verdict("good", depth, source, `certificate ${depth} is not revoked`, { until });
}

function revoked(
	depth: number,
	source: RevocationSource,
	{ revokedAt, reason }: { readonly revokedAt: number; readonly reason: number | undefined },
): RevocationVerdict {
	const why = reason === undefined ? "" : ` (${reasonNames[reason] ?? `reason ${reason}`})`;
	const sentence = `certificate ${depth} was revoked on ${dateText(revokedAt)}${why}`;
	return verdict("revoked", depth, source, sentence, { revokedAt, reason });
}

function isOnHold({ answer, reason }: RevocationVerdict): boolean {
	return answer === "revoked" && reason === certificateHold;
}

/** A hold may end at any time, or become a revocation: it is looked at again soon. */
function held(found: RevocationVerdict, now: number): RevocationVerdict {
	const sentence = `${found.sentence}, which this profile ignores`;
	return { ...found, answer: "good", sentence, until: now + holdMs };
}

function verdict(
	answer: RevocationAnswer,
	depth: number,
	source: RevocationSource,
	sentence: string,
	more: Partial<Pick<RevocationVerdict, "until" | "revokedAt" | "reason">> = {},
): RevocationVerdict {
	return { answer, depth, source, sentence, until: more.until, revokedAt: more.revokedAt, reason: more.reason };
}

const severity: Readonly<Record<RevocationAnswer, number>> = {
	good: 0,
	unavailable: 1,
	unknown: 2,
	"staple-missing": 3,
	revoked: 4,
};

/** The TLS extension status_request (RFC 7633 §4). */
const statusRequest = 5;
const askAll = { ocsp: true, crl: true };
const notAsked: CrlStatus = { kind: "undetermined", why: "lists are not asked" };
/** CRLReason certificateHold. */
const certificateHold = 6;
const holdMs = 600_000;
const shortLivedMs = 7 * 86_400_000;

/** CRLReason (RFC 5280 §5.3.1). */
const reasonNames: Readonly<Record<number, string>> = {
	0: "unspecified",
	1: "key compromise",
	2: "CA compromise",
	3: "affiliation changed",
	4: "superseded",
	5: "cessation of operation",
	6: "on hold",
	9: "privilege withdrawn",
	10: "AA compromise",
};
