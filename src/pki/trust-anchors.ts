/** The certificates that a path may end in, indexed once and asked for every chain. */

import { equalBytes } from "#base/bytes.ts";
import type { Certificate } from "#pki/certificate.ts";

/**
 * Trust anchors by subject name. Frozen once built: a change of the trust store makes a new one, so that a running
 * validation never sees half a change.
 *
 * Bounds: as many certificates as given; a look-up is one map access.
 */
export class TrustAnchors {
	readonly #bySubject = new Map<string, Certificate[]>();
	readonly #fingerprints = new Set<string>();

	constructor(certificates: Iterable<Certificate>) {
		for (const certificate of certificates) {
			if (this.#fingerprints.has(certificate.fingerprint)) continue;
			this.#fingerprints.add(certificate.fingerprint);
			const same = this.#bySubject.get(certificate.subject.key);
			if (same === undefined) this.#bySubject.set(certificate.subject.key, [certificate]);
			else same.push(certificate);
		}
	}

	get size(): number {
		return this.#fingerprints.size;
	}

	/** True when exactly this certificate is an anchor. */
	has(certificate: Certificate): boolean {
		return this.#fingerprints.has(certificate.fingerprint);
	}

	/** The anchors whose name is the certificate's issuer, those whose key identifier fits first. */
	issuersOf(certificate: Certificate): readonly Certificate[] {
		const named = this.#bySubject.get(certificate.issuer.key) ?? noAnchors;
		return named.length < 2
			? named
			: [...named].sort((a, b) => keyDistance(certificate, a) - keyDistance(certificate, b));
	}
}

/** How well a candidate's key identifier fits: 0 the same, 1 cannot tell, 2 another. A hint, never a proof. */
export function keyDistance(certificate: Certificate, candidate: Certificate): 0 | 1 | 2 {
	const wanted = certificate.typed.authorityKeyIdentifier?.keyIdentifier;
	const own = candidate.typed.subjectKeyIdentifier;
	if (wanted === undefined || own === undefined) return 1;
	return equalBytes(wanted, own) ? 0 : 2;
}

const noAnchors: readonly Certificate[] = [];
