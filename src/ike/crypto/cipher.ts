/** One message encrypted or decrypted with a row of the table; what SK and ESP have in common. */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { concat } from "#base/bytes.ts";
import type { DirectionKeys } from "#ike/crypto/derive-keys.ts";
import type { CipherRow, IntegrityRow } from "#ike/crypto/transform-table.ts";

/** The algorithms that protect a message. */
export interface Protection {
	readonly cipher: CipherRow;
	/** Absent when the cipher authenticates. */
	readonly integrity?: IntegrityRow;
}

/** Octets that protection puts behind the ciphertext. */
export function tagOctets({ cipher, integrity }: Protection): number {
	return integrity?.tagOctets ?? cipher.tagOctets;
}

/**
 * IV, ciphertext and tag. `plain` must be padded to the cipher's block; `prefix` is authenticated and stands before the IV.
 *
 * `iv` has to be unpredictable for CBC and must never repeat under a key for AEAD.
 */
export function seal(
	protection: Protection,
	keys: DirectionKeys,
	prefix: Uint8Array,
	iv: Uint8Array,
	plain: Uint8Array,
): Uint8Array {
	const { cipher, integrity } = protection;
	if (cipher.tagOctets > 0) {
		const engine = createCipheriv(cipher.engine as "aes-256-gcm", aeadKey(cipher, keys), aeadNonce(cipher, keys, iv), {
			authTagLength: cipher.tagOctets,
		});
		engine.setAAD(prefix, { plaintextLength: plain.length });
		return concat([iv, engine.update(plain), engine.final(), engine.getAuthTag()]);
	}
	const engine = createCipheriv(cipher.engine, cbcKey(cipher, keys), iv).setAutoPadding(false);
	const encrypted = concat([iv, engine.update(plain), engine.final()]);
	return concat([encrypted, mac(integrity, keys, prefix, encrypted)]);
}

/** The plaintext of IV, ciphertext and tag; undefined when the tag is not right, or the length is not of whole blocks. */
export function open(
	protection: Protection,
	keys: DirectionKeys,
	prefix: Uint8Array,
	sealed: Uint8Array,
): Uint8Array | undefined {
	const { cipher, integrity } = protection;
	const end = sealed.length - tagOctets(protection);
	if (end < cipher.ivOctets) return undefined;
	const iv = sealed.subarray(0, cipher.ivOctets);
	const encrypted = sealed.subarray(cipher.ivOctets, end);
	if (cipher.tagOctets > 0) {
		const engine = createDecipheriv(
			cipher.engine as "aes-256-gcm",
			aeadKey(cipher, keys),
			aeadNonce(cipher, keys, iv),
			{
				authTagLength: cipher.tagOctets,
			},
		);
		engine.setAAD(prefix, { plaintextLength: encrypted.length }).setAuthTag(sealed.subarray(end));
		const plain = engine.update(encrypted);
		try {
			engine.final();
			return plain;
		} catch {
			return undefined;
		}
	}
	const expected = mac(integrity, keys, prefix, sealed.subarray(0, end));
	if (expected.length === 0 || !timingSafeEqual(expected, sealed.subarray(end))) return undefined;
	if (encrypted.length === 0 || encrypted.length % cipher.blockOctets !== 0) return undefined;
	const engine = createDecipheriv(cipher.engine, cbcKey(cipher, keys), iv).setAutoPadding(false);
	return concat([engine.update(encrypted), engine.final()]);
}

function mac(integrity: IntegrityRow | undefined, keys: DirectionKeys, ...parts: readonly Uint8Array[]): Uint8Array {
	if (integrity === undefined) return new Uint8Array(0);
	const hmac = createHmac(integrity.hash, keys.integrity);
	for (const part of parts) hmac.update(part);
	return hmac.digest().subarray(0, integrity.tagOctets);
}

/** OpenSSL has single DES only in a provider that is not loaded: three times the same key is the same cipher. */
function cbcKey(cipher: CipherRow, { encryption }: DirectionKeys): Uint8Array {
	return cipher.keyOctets === 8 ? concat([encryption, encryption, encryption]) : encryption;
}

function aeadKey(cipher: CipherRow, { encryption }: DirectionKeys): Uint8Array {
	return encryption.subarray(0, cipher.keyOctets);
}

/** Salt and IV make the nonce of 12 octets (RFC 4106 §4, RFC 7634 §2). */
function aeadNonce(cipher: CipherRow, { encryption }: DirectionKeys, iv: Uint8Array): Uint8Array {
	return concat([encryption.subarray(cipher.keyOctets), iv]);
}
