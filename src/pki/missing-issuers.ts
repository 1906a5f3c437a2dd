/** Which issuers a chain lacks, and where they can be had. */
import type { Certificate } from "#pki/certificate.ts";
import { revocationPointers } from "#pki/revocation.ts";
import { keyDistance, type TrustAnchors } from "#pki/trust-anchors.ts";

/** A certificate whose issuer is not at hand. */
export interface MissingIssuer {
	readonly certificate: Certificate;
	/** `http` addresses of its issuer's certificate, at most two. */
	readonly urls: readonly string[];
}

/**
 * Walks up from the leaf by names and key identifiers. Empty when an anchor is reached, or when nobody says where the
 * issuers that are missing can be had.
 *
 * Bounds: looks at 16 certificates and names three missing issuers at most.
 */
export function missingIssuers(
	leaf: Certificate,
	intermediates: readonly Certificate[],
	anchors: TrustAnchors,
): MissingIssuer[] {
	const missing: MissingIssuer[] = [];
	const seen = new Set<Certificate>([leaf]);
	for (const top of seen) {
		if (seen.size > maxVisited) break;
		if (anchors.issuersOf(top).some((anchor) => keyDistance(top, anchor) < 2)) return [];
		// A root of its own has no issuer that could be fetched.
		if (top.isSelfIssued) continue;
		const above = intermediates.filter((candidate) => isIssuerByName(candidate, top));
		for (const candidate of above) seen.add(candidate);
		if (above.length > 0) continue;
		const urls = revocationPointers(top).caIssuers.slice(0, maxUrls);
		if (urls.length > 0 && missing.length < maxMissing) missing.push({ certificate: top, urls });
	}
	return missing;
}

/** True when the candidate may be the issuer of the certificate, as far as names and key identifiers tell. */
export function isIssuerByName(candidate: Certificate, certificate: Certificate): boolean {
	return candidate.subject.equals(certificate.issuer) && keyDistance(certificate, candidate) < 2;
}

const maxVisited = 16;
const maxMissing = 3;
const maxUrls = 2;
