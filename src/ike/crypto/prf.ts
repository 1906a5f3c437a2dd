/** The pseudo-random function and its expansion (RFC 7296 §2.13). */
import { createHmac } from "node:crypto";
import { concat } from "#base/bytes.ts";
import type { PrfRow } from "#ike/crypto/transform-table.ts";

/** `prf(key, data)`. */
export function prf(row: PrfRow, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
	const hmac = createHmac(row.hash, key);
	for (const part of data) hmac.update(part);
	return hmac.digest();
}

/**
 * `prf+(key, seed)`: T1 | T2 | ..., where Tn = prf(key, Tn-1 | seed | n).
 *
 * Bounds: at most 255 times the output of the function; asking for more throws.
 */
export function prfPlus(row: PrfRow, key: Uint8Array, seed: Uint8Array, octets: number): Uint8Array {
	if (octets > row.octets * 255) throw new RangeError(`${octets} octets of ${row.name}; at most ${row.octets * 255}`);
	const parts: Uint8Array[] = [];
	let last: Uint8Array = new Uint8Array(0);
	for (let index = 1; (index - 1) * row.octets < octets; index++) {
		last = prf(row, key, last, seed, Uint8Array.of(index));
		parts.push(last);
	}
	return concat(parts).subarray(0, octets);
}
