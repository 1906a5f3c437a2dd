/** Opens what one of the AEAD ciphers of TLS has sealed: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905), with tags of 16 octets. */
import { createDecipheriv } from "node:crypto";

export type BulkCipher = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

export const tagOctets = 16;

/**
 * The plaintext; undefined when it was not sealed so.
 *
 * Shape: `sealed` = ciphertext | tag (16). The nonce has 12 octets, the key as many as the cipher's.
 */
export function openSealed(
	cipher: BulkCipher,
	key: Uint8Array,
	nonce: Uint8Array,
	additional: Uint8Array,
	sealed: Uint8Array,
): Uint8Array | undefined {
	const length = sealed.length - tagOctets;
	if (length < 0) return undefined;
	// The types know these options for one of the ciphers only.
	const decipher = createDecipheriv(cipher as "chacha20-poly1305", key, nonce, { authTagLength: tagOctets });
	decipher.setAAD(additional, { plaintextLength: length });
	decipher.setAuthTag(sealed.subarray(length));
	try {
		const plaintext = decipher.update(sealed.subarray(0, length));
		decipher.final();
		return plaintext;
	} catch {
		// The one way in which node:crypto says that the tag is wrong.
		return undefined;
	}
}
