/**
 * The secrets of a DTLS 1.2 connection: the master secret and Finished.
 *
 * Source: RFC 5246 §7.4.9, §8.1; RFC 7627 §4.
 */
import { createHash } from "node:crypto";
import type { DtlsSuite } from "#dtls/suite.ts";
import { prf } from "#tls/key-derivation.ts";

type Hash = DtlsSuite["hash"];

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
