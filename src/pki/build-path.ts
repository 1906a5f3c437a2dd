/**
 * Searches paths from a leaf to a trust anchor over the certificates at hand: several anchors, cross-signed CAs, loops,
 * duplicates and strangers among them. The likeliest path comes first.
 *
 * Every certificate is checked before its issuer's key is used, every signature is computed once, and all of it is
 * counted: a chain built to explode ends at the budget.
 * Source: RFC 4158; RFC 5280 §6.1.
 */

import { equalBytes } from "#base/bytes.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type CheckContext, checkCertificate, type Place } from "#pki/check-certificate.ts";
import type { PublicKeyInfo } from "#pki/public-key.ts";
import { keyDistance, type TrustAnchors } from "#pki/trust-anchors.ts";
import { type Refusal, refusal } from "#pki/validation-profile.ts";
import { type SignatureCache, signatureScheme, verifySignature } from "#pki/verify-signature.ts";

/** What one validation may cost. It is used up as it is spent. */
export interface WorkBudget {
	/** Signatures computed, in units of `signatureCost`; remembered ones cost nothing. */
	signatureChecks: number;
	/** Issuer candidates looked at. */
	candidates: number;
	/** Complete paths validated. */
	paths: number;
	/** Names compared with name constraints. */
	nameComparisons: number;
}

/** A fresh budget of the usual size: 60 signatures of usual keys, 400 candidates, 16 paths, 250,000 comparisons. */
export function newWorkBudget(): WorkBudget {
	return { signatureChecks: 60, candidates: 400, paths: 16, nameComparisons: 250_000 };
}

export interface PathSearch {
	readonly leaf: Certificate;
	readonly intermediates: readonly Certificate[];
	readonly anchors: TrustAnchors;
	readonly context: CheckContext;
	readonly cache: SignatureCache;
	readonly budget: WorkBudget;
	/** Intermediates on a path that are not self-issued, at most. */
	readonly maxIntermediates: number;
}

type Issuers = readonly Certificate[];

/**
 * Gives the paths one after another, leaf first and anchor last. After the last one, `failure` tells the most telling
 * reason why branches ended.
 */
export class PathFinder {
	readonly #search: PathSearch;
	readonly #bySubject: ReadonlyMap<string, readonly Certificate[]>;
	readonly #signatures = new Map<Certificate, Map<Certificate, boolean>>();
	readonly #checked = new Map<Certificate, Refusal | undefined>();
	/** Anchors and candidates of each certificate, the likeliest first: a loop asks for the same ones again and again. */
	readonly #issuers = new Map<Certificate, { readonly anchors: Issuers; readonly candidates: Issuers }>();
	#failure: Refusal | undefined;
	#isExhausted = false;

	constructor(search: PathSearch) {
		this.#search = search;
		const others = distinct(search.intermediates).filter((certificate) => !search.anchors.has(certificate));
		this.#bySubject = Map.groupBy(others, (certificate) => certificate.subject.key);
	}

	/** Why branches of the search ended, when none of them reached an anchor. */
	get failure(): Refusal | undefined {
		return this.#failure;
	}

	/** True when the budget ended the search. */
	get isExhausted(): boolean {
		return this.#isExhausted;
	}

	paths(): Generator<readonly Certificate[]> {
		return this.#extend([this.#search.leaf], 0);
	}

	*#extend(path: readonly Certificate[], intermediates: number): Generator<readonly Certificate[]> {
		const top = path[path.length - 1] as Certificate;
		const { anchors, candidates } = this.#issuersOf(top);
		for (const anchor of anchors) {
			if (!this.#mayLook()) return;
			if (path.some((certificate) => isSameEntity(certificate, anchor))) continue;
			if (this.#isIssuer(anchor, "anchor", top, path.length)) yield [...path, anchor];
			if (this.#isExhausted) return;
		}
		for (const candidate of candidates) {
			if (!this.#mayLook()) return;
			if (path.some((certificate) => isSameEntity(certificate, candidate))) continue;
			if (!this.#isIssuer(candidate, "intermediate", top, path.length)) continue;
			const count = intermediates + (candidate.isSelfIssued ? 0 : 1);
			if (count > this.#search.maxIntermediates || path.length >= maxPathLength) {
				const sentence = `the path is longer than ${this.#search.maxIntermediates} intermediate certificates`;
				this.#failure ??= refusal("path-too-long", path.length, sentence);
				continue;
			}
			yield* this.#extend([...path, candidate], count);
			if (this.#isExhausted) return;
		}
	}

	#issuersOf(certificate: Certificate): { readonly anchors: Issuers; readonly candidates: Issuers } {
		const known = this.#issuers.get(certificate);
		if (known !== undefined) return known;
		const anchors = this.#search.anchors.issuersOf(certificate);
		const issuers = { anchors, candidates: this.#candidates(certificate) };
		this.#issuers.set(certificate, issuers);
		return issuers;
	}

	#candidates(certificate: Certificate): Issuers {
		const named = this.#bySubject.get(certificate.issuer.key) ?? [];
		if (named.length < 2) return named;
		return [...named].sort(
			(a, b) => keyDistance(certificate, a) - keyDistance(certificate, b) || b.notAfter - a.notAfter,
		);
	}

	#mayLook(): boolean {
		if (--this.#search.budget.candidates >= 0) return true;
		this.#isExhausted = true;
		return false;
	}

	#isIssuer(candidate: Certificate, place: Place, child: Certificate, depth: number): boolean {
		const refused = this.#check(candidate, place, depth);
		if (refused !== undefined) {
			this.#failure ??= refused;
			return false;
		}
		// A key that takes its parameters from its own issuer can only be used once the path above it is known.
		if (candidate.publicKey.hasInheritedParameters || this.#isSigned(child, candidate)) return true;
		if (this.#isExhausted) return false;
		const sentence = `certificate ${depth - 1} (${child.subject.shortText}): its signature does not verify with the key of ${candidate.subject.shortText}`;
		this.#failure ??= refusal("signature-invalid", depth - 1, sentence);
		return false;
	}

	#check(candidate: Certificate, place: Place, depth: number): Refusal | undefined {
		if (place === "anchor") return checkCertificate(candidate, place, depth, this.#search.context);
		if (!this.#checked.has(candidate))
			this.#checked.set(candidate, checkCertificate(candidate, place, depth, this.#search.context));
		return this.#checked.get(candidate);
	}

	#isSigned(child: Certificate, issuer: Certificate): boolean {
		const known = this.#signatures.get(child)?.get(issuer);
		if (known !== undefined) return known;
		const { cache, budget } = this.#search;
		const verdict = isSignedBy(child, issuer.publicKey, cache, budget);
		if (verdict === undefined) {
			this.#isExhausted = true;
			return false;
		}
		const issuers = this.#signatures.get(child) ?? new Map<Certificate, boolean>();
		this.#signatures.set(child, issuers.set(issuer, verdict));
		return verdict;
	}
}

/**
 * Verifies a certificate's signature with its issuer's key; undefined when the budget does not allow one more.
 * `keyInfo` is the key to use where it inherits its parameters.
 */
export function isSignedBy(
	certificate: Certificate,
	issuerKey: PublicKeyInfo,
	cache: SignatureCache,
	budget: Pick<WorkBudget, "signatureChecks">,
	keyInfo: Uint8Array = issuerKey.raw,
): boolean | undefined {
	const scheme = signatureScheme(certificate.signatureAlgorithm);
	if (scheme === undefined || !scheme.keyKinds.includes(issuerKey.kind)) return false;
	if (cache.isKnown(certificate.fingerprint, keyInfo)) return true;
	budget.signatureChecks -= signatureCost(issuerKey);
	if (budget.signatureChecks < 0) return undefined;
	return cache.verify(certificate.fingerprint, keyInfo, (key) =>
		verifySignature(scheme, key, certificate.tbs, certificate.signature),
	);
}

/** What verifying with a key costs, in units of about 0.2 ms, import of the key included. */
function signatureCost({ kind, bits }: PublicKeyInfo): number {
	if (kind === "ec" || kind === "ed448") return bits <= 256 ? 1 : bits <= 384 ? 3 : 8;
	return bits <= 4096 || kind.startsWith("ml-dsa") ? 1 : 3;
}

/** The same name with the same key: coming by it again would be a loop. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
	return a === b || (equalBytes(a.publicKey.raw, b.publicKey.raw) && a.subject.equals(b.subject));
}

function distinct(certificates: readonly Certificate[]): Certificate[] {
	return [...new Map(certificates.map((certificate) => [certificate.fingerprint, certificate])).values()];
}

const maxPathLength = 20;
