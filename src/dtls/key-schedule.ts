/**
 * The secrets of a DTLS 1.2 connection: the pseudorandom function, the master secret, the keys of both directions, Finished.
 *
 *   P_hash(secret, seed) = HMAC(secret, A(1) | seed) | HMAC(secret, A(2) | seed) | ...     A(0) = seed, A(i) = HMAC(secret, A(i-1))
 *
 * Source: RFC 5246 §5, §6.3, §7.4.9, §8.1; RFC 7627 §4.
 */
import { createHash, createHmac } from "node:crypto";
import { concat } from "#base/bytes.ts";
import type { DtlsSuite } from "#dtls/suite.ts";

/** What one direction is sealed with. */
export interface DirectionKeys {
	readonly key: Uint8Array;
	readonly iv: Uint8Array;
}

export interface ConnectionKeys {
	readonly client: DirectionKeys;
	readonly server: DirectionKeys;
}

type Hash = DtlsSuite["hash"];

/** `length` octets of PRF(secret, label, seed). */
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

/** The digest of handshake messages by the suite's hash. */
export function transcriptHash(hash: Hash, messages: readonly Uint8Array[]): Uint8Array {
	const digest = createHash(hash);
	for (const message of messages) digest.update(message);
	return digest.digest();
}

/** `sessionHash`: that of all messages up to ClientKeyExchange, where both ends have agreed upon it (RFC 7627); else both randoms. */
export function masterSecret(
	hash: Hash,
	premaster: Uint8Array,
	bound: { readonly sessionHash: Uint8Array } | { readonly randoms: Uint8Array },
): Uint8Array {
	if ("sessionHash" in bound) return prf(hash, premaster, "extended master secret", bound.sessionHash, masterOctets);
	return prf(hash, premaster, "master secret", bound.randoms, masterOctets);
}

export function connectionKeys(
	{ hash, keyOctets, ivOctets }: DtlsSuite,
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

/** What a Finished message holds. */
export function verifyData(
	hash: Hash,
	master: Uint8Array,
	side: "client" | "server",
	messages: readonly Uint8Array[],
): Uint8Array {
	return prf(hash, master, `${side} finished`, transcriptHash(hash, messages), verifyOctets);
}

const masterOctets = 48;
const verifyOctets = 12;
