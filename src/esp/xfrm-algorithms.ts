/**
 * Algorithms of ESP by the names of the kernel, as attributes of an association.
 *
 *     name (64), ending in 0 | bits of the key (4) | key                                  cipher, or what authenticates
 *     name (64), ending in 0 | bits of the key (4) | bits of the check value (4) | key    truncated, or cipher that authenticates
 *
 * Source: linux/xfrm.h; Linux, net/xfrm/xfrm_algo.c.
 */
import type { EspCipher, EspIntegrity, EspKeys, EspProtection } from "#esp/protection.ts";

export interface XfrmAlgorithm {
	/** Type of the attribute. */
	readonly attribute: number;
	/** A name of at most 63 characters. */
	readonly name: string;
	readonly key: Uint8Array;
	/** Bits of the check value; undefined where the attribute has no room for them. */
	readonly checkBits?: number;
}

/** Types of attributes. */
export const algorithmAttribute = { cipher: 2, authenticatedCipher: 18, truncatedIntegrity: 20 } as const;

/** What protects one direction; undefined for an algorithm that the kernel has no name for. */
export function xfrmAlgorithms(
	{ cipher, integrity }: EspProtection,
	keys: EspKeys,
): readonly XfrmAlgorithm[] | undefined {
	const name = cipherName(cipher);
	if (name === undefined) return undefined;
	if (cipher.tagOctets > 0) {
		const attribute = algorithmAttribute.authenticatedCipher;
		return [{ attribute, name, key: keys.encryption, checkBits: cipher.tagOctets * 8 }];
	}
	const authentication = integrity && hashNames[integrity.hash];
	if (authentication === undefined) return undefined;
	return [
		{ attribute: algorithmAttribute.cipher, name, key: keys.encryption },
		{
			attribute: algorithmAttribute.truncatedIntegrity,
			name: authentication,
			key: keys.integrity,
			// The kernel's own habit for SHA-256 is 96 bits: it must be told.
			checkBits: (integrity as EspIntegrity).tagOctets * 8,
		},
	];
}

export function encodeAlgorithm({ name, key, checkBits }: XfrmAlgorithm, isLittleEndian: boolean): Uint8Array {
	const keyAt = checkBits === undefined ? 68 : 72;
	const octets = new Uint8Array(keyAt + key.length);
	octets.set(Buffer.from(name, "latin1").subarray(0, 63));
	const view = new DataView(octets.buffer);
	view.setUint32(64, key.length * 8, isLittleEndian);
	if (checkBits !== undefined) view.setUint32(68, checkBits, isLittleEndian);
	octets.set(key, keyAt);
	return octets;
}

/** The salt of a cipher with a nonce is the end of its key. */
function cipherName({ engine, keyOctets }: EspCipher): string | undefined {
	if (engine === "des-ede3-cbc") return keyOctets === 8 ? "cbc(des)" : "cbc(des3_ede)";
	if (engine === "chacha20-poly1305") return "rfc7539esp(chacha20,poly1305)";
	if (/^aes-\d+-cbc$/.test(engine)) return "cbc(aes)";
	return /^aes-\d+-gcm$/.test(engine) ? "rfc4106(gcm(aes))" : undefined;
}

const hashNames: Readonly<Record<string, string>> = {
	md5: "hmac(md5)",
	sha1: "hmac(sha1)",
	sha256: "hmac(sha256)",
	sha384: "hmac(sha384)",
	sha512: "hmac(sha512)",
};
