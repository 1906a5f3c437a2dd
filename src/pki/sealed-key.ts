/**
 * A private key as it lies on disk, and the key that such keys are encrypted under.
 *
 *     sealed = nonce (12 octets) | ciphertext | tag (16 octets)
 *
 * AES-256-GCM; whose key it is, which version of it and whether it may be exported are additional data: a sealed key
 * that is put in the place of another, or of a later one of the same name, does not open.
 * Source: NIST SP 800-38D; RFC 9106 (argon2id).
 */
import { argon2Sync, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { concat } from "#base/bytes.ts";

/** What a sealed key is bound to. */
export interface SealLabel {
	readonly id: string;
	/** Grows with each write of the entry. */
	readonly version: number;
	readonly isExportable: boolean;
}

/** How a passphrase becomes a key; stored in the clear beside what it protects. */
export interface PassphraseCost {
	readonly salt: Uint8Array;
	readonly memoryKib: number;
	readonly passes: number;
	readonly parallelism: number;
}

/** Encrypts `clear` under the store's key. `nonce` is 12 random octets that are used this once. */
export function seal(storeKey: KeyObject, label: SealLabel, nonce: Uint8Array, clear: Uint8Array): Uint8Array {
	const cipher = createCipheriv("aes-256-gcm", storeKey, nonce);
	cipher.setAAD(additionalData(label));
	return concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

/** The clear octets, to be filled with zeros after use; undefined when the key is another or the octets were changed. */
export function openSealed(storeKey: KeyObject, label: SealLabel, sealed: Uint8Array): Uint8Array | undefined {
	if (sealed.length < nonceOctets + tagOctets) return undefined;
	const tagAt = sealed.length - tagOctets;
	const decipher = createDecipheriv("aes-256-gcm", storeKey, sealed.subarray(0, nonceOctets), {
		authTagLength: tagOctets,
	});
	decipher.setAAD(additionalData(label));
	decipher.setAuthTag(sealed.subarray(tagAt));
	const clear = decipher.update(sealed.subarray(nonceOctets, tagAt));
	try {
		decipher.final();
		return clear;
	} catch {
		clear.fill(0);
		return undefined;
	}
}

/** The store's key from a passphrase. Takes about 0.3 s and `memoryKib` of memory; that is what it costs to guess one. */
export function passphraseKey(passphrase: Uint8Array, cost: PassphraseCost): KeyObject {
	const { salt, memoryKib: memory, passes, parallelism } = cost;
	const octets = argon2Sync("argon2id", {
		message: passphrase,
		nonce: salt,
		memory,
		passes,
		parallelism,
		tagLength: storeKeyOctets,
	});
	return takeStoreKey(octets);
}

/** The octets as a key that shows itself to nobody; the octets are filled with zeros. */
export function takeStoreKey(octets: Uint8Array): KeyObject {
	const key = createSecretKey(octets);
	octets.fill(0);
	return key;
}

function additionalData({ id, version, isExportable }: SealLabel): Uint8Array {
	return Buffer.from(JSON.stringify(["sallyport key store", 1, id, version, isExportable]), "utf8");
}

export const nonceOctets = 12;
export const storeKeyOctets = 32;
/** The second choice of RFC 9106 §4: where 2 GiB are too much to ask. */
export const passphraseCost = { memoryKib: 65_536, passes: 3, parallelism: 4 };
const tagOctets = 16;
