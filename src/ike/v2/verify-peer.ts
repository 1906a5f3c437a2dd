/** Whether AUTH proves that the peer is who it says (RFC 7296 §2.15). */
import type { Identity } from "#ike/auth/identity.ts";
import { isSignature } from "#ike/auth/signature.ts";
import { isSharedKeyAuth, type SignedParts, signedOctets } from "#ike/auth/signed-octets.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import { authenticationMethod } from "#ike/wire/authentication.ts";
import { certificateEncoding } from "#ike/wire/certificate.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";
import type { Certificate } from "#pki/certificate.ts";

export type PeerProof =
	| { readonly kind: "refused"; readonly text: string }
	/** `path`: that of the peer's certificate, leaf first; undefined for a pre-shared key. */
	| { readonly kind: "proved"; readonly path: readonly Certificate[] | undefined };

/** Whether it does, or why it does not. */
export function verifyPeer(
	sa: IkeSa,
	payloads: readonly Payload[],
	{ remoteAuthentication }: Connection,
	now: number,
	parts: SignedParts & { readonly identity: Identity },
): PeerProof {
	const auth = findPayload(payloads, "authentication");
	if (auth === undefined) return refused("the peer sent no authentication");
	const { prf } = sa.algorithms;
	if (remoteAuthentication.kind === "shared-key") {
		if (auth.method !== authenticationMethod.sharedKey)
			return refused(`the peer authenticates by method ${auth.method}; expected a pre-shared key`);
		if (isSharedKeyAuth(prf, remoteAuthentication.key, parts, auth.data)) return { kind: "proved", path: undefined };
		return refused("the peer's authentication is wrong; the pre-shared keys may differ");
	}
	if (remoteAuthentication.kind === "eap") return refused("the peer authenticates itself; expected a user by EAP");
	const certificates = payloads.flatMap((one) =>
		one.type === "certificate" && one.encoding === certificateEncoding.x509Signature ? [one.data] : [],
	);
	const judgement = remoteAuthentication.judge({ identity: parts.identity, certificates, now });
	if (judgement.kind === "untrusted") return refused(`the peer is not trusted: ${judgement.reason}`);
	const announced = sa.peerHashes !== undefined;
	if (isSignature(auth, judgement.publicKey, signedOctets(prf, parts), announced))
		return { kind: "proved", path: judgement.path };
	return refused(`the peer's signature (method ${auth.method}) does not verify with its certificate's key`);
}

function refused(text: string): PeerProof {
	return { kind: "refused", text };
}
