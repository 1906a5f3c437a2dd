/**
 * The key derivation of PKCS#12, which its integrity check still uses. Encryption has moved on to PBKDF2.
 *
 * Source: RFC 7292 appendix B.
 */

import { Buffer } from "node:buffer";
import { hash } from "node:crypto";

export type Pkcs12Digest = "sha1" | "sha224" | "sha256" | "sha384" | "sha512";

/** A passphrase as PKCS#12 hashes it: UTF-16, big-endian, with two octets of zero at its end (RFC 7292 appendix B.1). */
export function pkcs12Password(passphrase: string): Uint8Array {
	return Buffer.from(`${passphrase}\u0000`, "utf16le").swap16();
}

/**
 * Derives `octets` octets.
 *
 * Bounds: `iterations` hashes for each block of the digest's length; the caller bounds them.
 * Source: RFC 7292 appendix B.2.
 */
export function pkcs12Key(
	digest: Pkcs12Digest,
	purpose: keyof typeof purposes,
	password: Uint8Array,
	salt: Uint8Array,
	iterations: number,
	octets: number,
): Uint8Array {
	const { block, output } = sizes[digest];
	const diversifier = new Uint8Array(block).fill(purposes[purpose]);
	const input = Buffer.concat([repeated(salt, block), repeated(password, block)]);
	const derived: Uint8Array[] = [];
	for (let length = 0; length < octets; length += output) {
		let value = hash(digest, Buffer.concat([diversifier, input]), "buffer");
		for (let round = 1; round < iterations; round++) value = hash(digest, value, "buffer");
		derived.push(value);
		const step = repeated(value, block).subarray(0, block);
		for (let at = 0; at < input.length; at += block) addWithCarry(input.subarray(at, at + block), step);
	}
	return Buffer.concat(derived).subarray(0, octets);
}

/** Copies of the octets until whole blocks are full; empty for no octets. */
function repeated(octets: Uint8Array, block: number): Uint8Array {
	const whole = new Uint8Array(block * Math.ceil(octets.length / block));
	for (let at = 0; at < whole.length; at++) whole[at] = octets[at % octets.length] as number;
	return whole;
}

/** part = (part + step + 1) mod 2^(8 * length). */
function addWithCarry(part: Uint8Array, step: Uint8Array): void {
	let carry = 1;
	for (let at = part.length - 1; at >= 0; at--) {
		const sum = (part[at] as number) + (step[at] as number) + carry;
		part[at] = sum & 0xff;
		carry = sum >> 8;
	}
}

const purposes = { key: 1, vector: 2, mac: 3 } as const;
const sizes: Readonly<Record<Pkcs12Digest, { readonly block: number; readonly output: number }>> = {
	sha1: { block: 64, output: 20 },
	sha224: { block: 64, output: 28 },
	sha256: { block: 64, output: 32 },
	sha384: { block: 128, output: 48 },
	sha512: { block: 128, output: 64 },
};
