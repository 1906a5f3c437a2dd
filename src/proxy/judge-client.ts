/** Does the certificate of a client speak for it, under the authorities that a listener trusts? (R28) */
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { commonNames } from "#pki/name.ts";
import { purposeOid } from "#pki/oids.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";

/** Whom a client has proved to be. */
export interface ClientIdentity {
	/** The first common name of the subject; empty when there is none. */
	readonly commonName: string;
	/** DER. */
	readonly certificate: Uint8Array;
	/** SHA-256, lower-case hexadecimal. */
	readonly fingerprint: string;
}

export type ClientJudgement =
	| { readonly kind: "proved"; readonly identity: ClientIdentity }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Judges what a client presented, DER, its own certificate first; at `now`, in milliseconds since 1970. The rules of form
 * are those for private authorities (`lenient`); the purpose must be clientAuth.
 */
export function judgeClient(
	[leaf, ...others]: readonly Uint8Array[],
	anchors: TrustAnchors,
	intermediates: readonly Certificate[],
	now: number,
): ClientJudgement {
	if (leaf === undefined) return { kind: "refused", reason: "it presented no certificate" };
	const decoded = decodeCertificate(leaf);
	if (decoded.kind !== "done") return { kind: "refused", reason: "its certificate cannot be read" };
	const sent = others.flatMap((der) => {
		const one = decodeCertificate(der);
		return one.kind === "done" ? [one.value] : [];
	});
	const verdict = verifyChain({
		leaf: decoded.value,
		intermediates: [...sent, ...intermediates],
		anchors,
		now,
		profile: validationProfiles.lenient,
		purpose: purposeOid.clientAuth,
	});
	if (verdict.kind === "untrusted") return { kind: "refused", reason: verdict.reason.sentence };
	const [commonName = ""] = commonNames(decoded.value.subject);
	return { kind: "proved", identity: { commonName, certificate: leaf, fingerprint: decoded.value.fingerprint } };
}
