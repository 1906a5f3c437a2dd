/**
 * Which OCSP response is stapled to a certificate of one's own, and when the next is fetched (RFC 6066 §8, RFC 7633).
 *
 * Units: milliseconds; times since 1970. `chance` is a number from 0 to 1 that spreads what many would do at once.
 */
import { isSignedBy, newWorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type AuthorityRevocation, placesToAsk, revocationOf } from "#pki/revocation-settings.ts";
import type { SignatureCache } from "#pki/verify-signature.ts";

/** A certificate to staple for. */
export interface StapleSubject {
	/** Its name in the key store. */
	readonly id: string;
	readonly certificate: Certificate;
	/** Undefined when it is not at hand: then nothing can be asked, nor verified. */
	readonly issuer: Certificate | undefined;
	/** Responders. */
	readonly urls: readonly string[];
	/** Those of them that the operator named. */
	readonly namedUrls: readonly string[];
}

/** The subject of a chain, leaf first; its issuer is the next of the chain, or one of `known`. */
export function stapleSubject(
	id: string,
	chain: readonly Certificate[],
	known: readonly Certificate[],
	authorities: ReadonlyMap<string, AuthorityRevocation>,
	cache: SignatureCache,
): StapleSubject | undefined {
	const [certificate] = chain;
	if (certificate === undefined) return undefined;
	const issuer = [...chain.slice(1), ...known].find((one) => isIssuer(one, certificate, cache));
	const path = issuer === undefined ? [certificate] : [certificate, issuer];
	const authority = revocationOf([...path, ...chain.slice(1)], authorities);
	const urls = authority.isDisabled ? [] : placesToAsk(certificate, authority, asksResponders).ocsp;
	return { id, certificate, issuer, urls, namedUrls: authority.ocspUrls };
}

/** True of a certificate that clients refuse without a stapled response (must-staple). */
export function demandsStaple({ typed }: Certificate): boolean {
	return typed.tlsFeatures?.includes(statusRequest) === true;
}

/** Why nothing can ever be stapled as things are; undefined when a responder can be asked. */
export function stapleObstacle({ issuer, urls }: StapleSubject): string | undefined {
	if (urls.length === 0)
		return "neither the certificate nor the CA profile of its authority names an OCSP responder that may be asked";
	if (issuer === undefined) return "the certificate of its authority is not at hand; load it with its chain";
	return undefined;
}

/** When a response that is good until then is replaced: amid what is left of its time, so that failures can be repeated. */
export function refreshAt(now: number, until: number, chance: number): number {
	const left = Math.max(0, until - now);
	return now + Math.max(leastRefreshMs, Math.min(mostRefreshMs, left / 2) * (0.8 + 0.4 * chance));
}

/** When to ask again after so many failures in a row. */
export function retryAt(now: number, failures: number, chance: number): number {
	const wait = Math.min(mostRetryMs, leastRetryMs * 2 ** Math.min(failures - 1, maxDoublings));
	return now + wait * (1 + 0.5 * chance);
}

function isIssuer(one: Certificate, certificate: Certificate, cache: SignatureCache): boolean {
	return (
		one.subject.equals(certificate.issuer) && isSignedBy(certificate, one.publicKey, cache, newWorkBudget()) === true
	);
}

/** What decides about one's own certificate is its authority alone: no profile of connections takes part. */
const asksResponders = { key: "", timeoutMs: 0, asksOcsp: true, asksCrl: false, ignoresHold: false };
/** The TLS extension status_request (RFC 7633 §4). */
const statusRequest = 5;
const leastRefreshMs = 10_000;
/** A revocation is to be seen within hours, however long responses are good. */
const mostRefreshMs = 14_400_000;
/** Longer than a failure is remembered where it failed. */
const leastRetryMs = 65_000;
const mostRetryMs = 3_600_000;
const maxDoublings = 10;
