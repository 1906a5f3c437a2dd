/**
 * From the secrets of a connection to the keys of its records: the pseudorandom function of TLS 1.2 and DTLS 1.2, and
 * HKDF-Expand-Label of TLS 1.3 and QUIC.
 *
 *   P_hash(secret, seed) = HMAC(secret, A(1) | seed) | HMAC(secret, A(2) | seed) | ...     A(0) = seed, A(i) = HMAC(secret, A(i-1))
 *   HKDF-Expand          = T(1) | T(2) | ...     T(0) = "", T(i) = HMAC(secret, T(i-1) | info | i)
 *
 * Source: RFC 5246 §5, §6.3; RFC 8446 §7.1, §7.3; RFC 5869 §2.3.
 */
import { createHmac } from "node:crypto";
import { concat, Writer } from "#base/bytes.ts";

/** What one direction is sealed with. */
export interface DirectionKeys {
	readonly key: Uint8Array;
	readonly iv: Uint8Array;
}

export interface ConnectionKeys {
	readonly client: DirectionKeys;
	readonly server: DirectionKeys;
}

/** What a cipher suite says of its keys. */
export interface KeySizes {
	readonly keyOctets: 16 | 32;
	/** Of the initialization vector that both ends derive up to TLS 1.2; in TLS 1.3 it has 12. */
	readonly ivOctets: 4 | 12;
	/** Of the derivation. */
	readonly hash: "sha256" | "sha384";
}

type Hash = KeySizes["hash"];

/** `length` octets of PRF(secret, label, seed) of TLS 1.2. */
export function prf(hash: Hash, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
	const labelled = concat([Buffer.from(label, "latin1"), seed]);
	const parts: Uint8Array[] = [];
	let octets = 0;
	for (let a: Uint8Array = labelled; octets < length; ) {
		a = createHmac(hash, secret).update(a).digest();
		const part = createHmac(hash, secret).update(a).update(labelled).digest();
		parts.push(part);
		octets += part.length;
	}
	return concat(parts).subarray(0, length);
}

/** The keys of both directions in TLS 1.2, with an AEAD. */
export function connectionKeys(
	{ hash, keyOctets, ivOctets }: KeySizes,
	master: Uint8Array,
	clientRandom: Uint8Array,
	serverRandom: Uint8Array,
): ConnectionKeys {
	const seed = concat([serverRandom, clientRandom]);
	const block = prf(hash, master, "key expansion", seed, 2 * (keyOctets + ivOctets));
	const part = (from: number, length: number) => block.slice(from, from + length);
	return {
		client: { key: part(0, keyOctets), iv: part(2 * keyOctets, ivOctets) },
		server: { key: part(keyOctets, keyOctets), iv: part(2 * keyOctets + ivOctets, ivOctets) },
	};
}

/** The keys of one direction in TLS 1.3, from its traffic secret. */
export function trafficKeys({ hash, keyOctets }: KeySizes, secret: Uint8Array): DirectionKeys {
	return { key: expandLabel(hash, secret, "key", keyOctets), iv: expandLabel(hash, secret, "iv", nonceOctets) };
}

/** The traffic secret behind a KeyUpdate (RFC 8446 §7.2). */
export function nextTrafficSecret({ hash }: KeySizes, secret: Uint8Array): Uint8Array {
	return expandLabel(hash, secret, "traffic upd", secret.length);
}

/** HKDF-Expand-Label without context, for at most 8,160 octets. */
export function expandLabel(hash: Hash, secret: Uint8Array, label: string, length: number): Uint8Array {
	const info = new Writer()
		.u16(length)
		.prefixed(1, (writer) => writer.bytes(Buffer.from(`tls13 ${label}`, "latin1")))
		.u8(0)
		.finish();
	const parts: Uint8Array[] = [];
	let octets = 0;
	let part: Uint8Array = new Uint8Array(0);
	for (let round = 1; octets < length; round++) {
		part = createHmac(hash, secret).update(part).update(info).update(Uint8Array.of(round)).digest();
		parts.push(part);
		octets += part.length;
	}
	return concat(parts).subarray(0, length);
}

const nonceOctets = 12;
