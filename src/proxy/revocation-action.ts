/** What becomes of a session after the verdict about revocation: revoked, unknown and unavailable each have their action. */
import type { FaultCode } from "#base/fault-table.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { ProfileRevocation } from "#proxy/profile.ts";

export type RevocationAction =
	| { readonly kind: "accept" }
	/** As any other defect of the certificate: signed by the untrusted CA, or blocked with this fault. */
	| { readonly kind: "distrust"; readonly code: FaultCode }
	| { readonly kind: "drop" };

/**
 * Decides about one verdict. What a responder does not know counts like what it revoked: it has never heard of the
 * certificate, as with one that a stolen CA issued. Only the lack of an answer can be accepted, and then it is recorded.
 */
export function revocationAction(
	{ answer }: RevocationVerdict,
	{ dropsUnavailable }: Pick<ProfileRevocation, "dropsUnavailable">,
): RevocationAction {
	switch (answer) {
		case "good":
			return { kind: "accept" };
		case "revoked":
			return { kind: "distrust", code: "SERVER_CERTIFICATE_REVOKED" };
		case "unknown":
		case "staple-missing":
			return { kind: "distrust", code: "SERVER_STATUS_REFUSED" };
		case "unavailable":
			return dropsUnavailable ? { kind: "drop" } : { kind: "accept" };
	}
}
