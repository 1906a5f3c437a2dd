/**
 * Signs for IKE in `managed`, where the private keys are. `iked` names a connection, never a key, and gets nothing signed
 * that does not begin with the first message of IKE: what it is given is no certificate and no handshake of TLS.
 */
import { schemeNamed, signWith } from "#ike/auth/signature.ts";
import { decodeIkeHeader, exchangeType, ikeHeaderOctets, ikeVersion2 } from "#ike/wire/header.ts";
import type { KeyStore } from "#pki/key-store-shell.ts";

export interface IkeSignatureRequest {
	readonly connection: string;
	readonly scheme: string;
	/** The octets of RFC 7296 §2.15: the own first message, the nonce of the peer, and a digest. */
	readonly octets: Uint8Array;
}

/** The signature; undefined when it is refused or the key is not there. `signers`: certificates by connection. */
export function signForIke(
	{ connection, scheme: name, octets }: IkeSignatureRequest,
	signers: ReadonlyMap<string, string>,
	store: KeyStore,
): Uint8Array | undefined {
	const scheme = schemeNamed(name);
	const id = signers.get(connection);
	const key = id === undefined ? undefined : store.entry(id)?.key;
	if (scheme === undefined || key === undefined || !beginsWithFirstMessage(octets)) return undefined;
	return new Uint8Array(signWith(scheme, key, octets));
}

function beginsWithFirstMessage(octets: Uint8Array): boolean {
	if (octets.length < ikeHeaderOctets || octets.length > maxSignedOctets) return false;
	const length = new DataView(octets.buffer, octets.byteOffset, ikeHeaderOctets).getUint32(24);
	if (length < ikeHeaderOctets || length >= octets.length) return false;
	const header = decodeIkeHeader(octets.subarray(0, length));
	return (
		header.kind === "done" && header.value.version === ikeVersion2 && header.value.exchange === exchangeType.ikeSaInit
	);
}

/** A first message fits into a datagram. */
const maxSignedOctets = 66_000;
