/** What a certificate of this gateway is worth at a time: its dates, and for an authority whether it reaches a root. */
import { newWorkBudget, PathFinder } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type CheckContext, checkCertificate } from "#pki/check-certificate.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import type { SignatureCache } from "#pki/verify-signature.ts";

/** Where a time lies in the validity of a certificate. */
export type Expiry =
	| { readonly kind: "valid" }
	/** Valid, for so many days more; the warning was asked for. */
	| { readonly kind: "near"; readonly daysLeft: number }
	| { readonly kind: "expired" }
	| { readonly kind: "not-yet-valid" };

/** The status of an authority's certificate, in the words that commands show. */
export type AuthorityStatus = "Valid" | "Expired" | "Not Yet Valid" | "No Trust Anchor" | "Not Trusted";

/** Dates in milliseconds since 1970; a certificate is valid through the whole second `notAfter`. */
export function expiryOf(
	{ notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
	now: number,
	warningDays: number,
): Expiry {
	if (now < notBefore) return { kind: "not-yet-valid" };
	const left = notAfter + 999 - now;
	if (left < 0) return { kind: "expired" };
	const daysLeft = Math.floor(left / dayMs);
	return daysLeft < warningDays ? { kind: "near", daysLeft } : { kind: "valid" };
}

/**
 * The status of a CA certificate among all that are trusted, and in a sentence what is wrong with it.
 *
 * Bounds: those of one path search.
 */
export function authorityStatus(
	certificate: Certificate,
	trust: { readonly anchors: TrustAnchors; readonly intermediates: readonly Certificate[] },
	cache: SignatureCache,
	now: number,
): { readonly status: AuthorityStatus; readonly reason: string | undefined } {
	const { kind } = expiryOf(certificate, now, 0);
	if (kind === "expired") return { status: "Expired", reason: "its validity has ended" };
	if (kind === "not-yet-valid") return { status: "Not Yet Valid", reason: "its validity has not begun" };
	const context = { profile: validationProfiles.lenient, now, purpose: undefined };
	const isAnchor = trust.anchors.has(certificate);
	const refused = checkCertificate(certificate, isAnchor ? "anchor" : "intermediate", 0, context);
	if (refused !== undefined) return { status: "Not Trusted", reason: refused.sentence };
	if (isAnchor) return { status: "Valid", reason: undefined };
	return anchorSearch(certificate, trust, cache, context);
}

/** Whether a path leads from the certificate to a root, and when none does, in a sentence why. */
export function anchorSearch(
	leaf: Certificate,
	trust: { readonly anchors: TrustAnchors; readonly intermediates: readonly Certificate[] },
	cache: SignatureCache,
	context: CheckContext,
): { readonly status: "Valid" | "No Trust Anchor"; readonly reason: string | undefined } {
	const { anchors, intermediates } = trust;
	const budget = newWorkBudget();
	const finder = new PathFinder({ anchors, intermediates, leaf, context, cache, budget, maxIntermediates: 10 });
	if (finder.paths().next().done !== true) return { status: "Valid", reason: undefined };
	const reason = finder.failure?.sentence ?? `the certificate of its issuer ${leaf.issuer.text} is not loaded`;
	return { status: "No Trust Anchor", reason };
}

const dayMs = 86_400_000;
