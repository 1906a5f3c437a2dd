/** Whether AUTH proves that the peer is who it says (RFC 7296 §2.15). */
import type { Identity } from "#ike/auth/identity.ts";
import { isSignature } from "#ike/auth/signature.ts";
import { isSharedKeyAuth, type SignedParts, signedOctets } from "#ike/auth/signed-octets.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import { authenticationMethod } from "#ike/wire/authentication.ts";
import { certificateEncoding } from "#ike/wire/certificate.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";

/** The reason why it does not; undefined when it does. */
export function verifyPeer(
	sa: IkeSa,
	payloads: readonly Payload[],
	{ remoteAuthentication }: Connection,
	now: number,
	parts: SignedParts & { readonly identity: Identity },
): string | undefined {
	const auth = findPayload(payloads, "authentication");
	if (auth === undefined) return "the peer sent no authentication";
	const { prf } = sa.algorithms;
	if (remoteAuthentication.kind === "shared-key") {
		if (auth.method !== authenticationMethod.sharedKey)
			return `the peer authenticates by method ${auth.method}; expected a pre-shared key`;
		if (isSharedKeyAuth(prf, remoteAuthentication.key, parts, auth.data)) return undefined;
		return "the peer's authentication is wrong; the pre-shared keys may differ";
	}
	const certificates = payloads.flatMap((one) =>
		one.type === "certificate" && one.encoding === certificateEncoding.x509Signature ? [one.data] : [],
	);
	const judgement = remoteAuthentication.judge({ identity: parts.identity, certificates, now });
	if (judgement.kind === "untrusted") return `the peer is not trusted: ${judgement.reason}`;
	const announced = sa.peerHashes !== undefined;
	if (isSignature(auth, judgement.publicKey, signedOctets(prf, parts), announced)) return undefined;
	return `the peer's signature (method ${auth.method}) does not verify with its certificate's key`;
}
