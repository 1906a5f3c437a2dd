/** What one of the gateway's own certificates is worth at a time, in the words that commands show (R82). */
import type { Certificate } from "#pki/certificate.ts";
import { anchorSearch, expiryOf } from "#pki/certificate-status.ts";
import { checkCertificate } from "#pki/check-certificate.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import type { SignatureCache } from "#pki/verify-signature.ts";

export type LocalStatus =
	| "Valid"
	| "Expired"
	| "Not Yet Valid"
	| "No Trust Anchor"
	| "Key Broken"
	/** A rule that no peer passes over refuses it. */
	| "Not Trusted";

/** The certificate and what it comes with. */
export interface LocalCertificate {
	readonly certificate: Certificate;
	readonly chain: readonly Certificate[];
	/** Why its private key cannot be used; undefined for one that can. */
	readonly keyProblem: string | undefined;
}

/**
 * The status, and in a sentence what is wrong. A signing CA that signed itself is its own anchor: clients are given it.
 *
 * Bounds: those of one path search.
 */
export function localStatus(
	{ certificate, chain, keyProblem }: LocalCertificate,
	trust: { readonly anchors: TrustAnchors; readonly intermediates: readonly Certificate[] },
	cache: SignatureCache,
	now: number,
): { readonly status: LocalStatus; readonly reason: string | undefined } {
	if (keyProblem !== undefined) return { status: "Key Broken", reason: keyProblem };
	const { kind } = expiryOf(certificate, now, 0);
	if (kind === "expired") return { status: "Expired", reason: "its validity has ended" };
	if (kind === "not-yet-valid") return { status: "Not Yet Valid", reason: "its validity has not begun" };
	const isCa = certificate.typed.basicConstraints?.isCa === true;
	const context = { profile: validationProfiles.lenient, now, purpose: undefined };
	const refused = checkCertificate(certificate, isCa ? "intermediate" : "leaf", 0, context);
	if (refused !== undefined) return { status: "Not Trusted", reason: refused.sentence };
	if (isCa && certificate.isSelfIssued) return { status: "Valid", reason: undefined };
	if (certificate.isSelfIssued) return { status: "No Trust Anchor", reason: "it is signed with its own key" };
	const { anchors, intermediates } = trust;
	return anchorSearch(certificate, { anchors, intermediates: [...chain, ...intermediates] }, cache, context);
}
