/** What AUTH is computed over, and AUTH by a key that both ends know (RFC 7296 §2.15). */
import { type KeyObject, timingSafeEqual } from "node:crypto";
import { concat } from "#base/bytes.ts";
import { prf } from "#ike/crypto/prf.ts";
import type { PrfRow } from "#ike/crypto/transform-table.ts";
import { encodeIdentification, type IdentityBody } from "#ike/wire/identification.ts";

/** What one end authenticates. */
export interface SignedParts {
	/** That end's own first message, as it was sent. */
	readonly message: Uint8Array;
	/** The nonce of the other end. */
	readonly peerNonce: Uint8Array;
	/** SK_pi for the initiator, SK_pr for the responder. */
	readonly identityKey: Uint8Array;
	readonly identity: IdentityBody;
	/** What intermediate exchanges add (RFC 9242 §3.3); empty when there was none. */
	readonly intermediate?: Uint8Array;
}

/** The octets: message | nonce of the other end | prf(SK_p, identity) [| intermediate exchanges]. */
export function signedOctets(row: PrfRow, parts: SignedParts): Uint8Array {
	const { message, peerNonce, identityKey, identity, intermediate = new Uint8Array(0) } = parts;
	return concat([message, peerNonce, prf(row, identityKey, encodeIdentification(identity)), intermediate]);
}

/** AUTH by a pre-shared key: prf(prf(key, "Key Pad for IKEv2"), octets). */
export function sharedKeyAuth(row: PrfRow, key: KeyObject, parts: SignedParts): Uint8Array {
	return prf(row, prf(row, key.export(), keyPad), signedOctets(row, parts));
}

/** True when AUTH was made with the same key; takes the same time for every wrong one. */
export function isSharedKeyAuth(row: PrfRow, key: KeyObject, parts: SignedParts, auth: Uint8Array): boolean {
	const expected = sharedKeyAuth(row, key, parts);
	return auth.length === expected.length && timingSafeEqual(auth, expected);
}

const keyPad = Buffer.from("Key Pad for IKEv2", "latin1");
