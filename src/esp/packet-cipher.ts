/**
 * What encrypts and authenticates the packets of one direction of an association, in place in the memory of packets.
 *
 *     | SPI (4) | sequence number (4) | IV | ciphertext | check value |
 *     at                                                end
 *
 * With extended numbers the upper half is authenticated too, although it is not sent. With OpenSSL it is
 * `openssl-cipher-shell.ts`, with the functions of Node this file.
 * Source: RFC 4303 §2, RFC 4106 §5 (GCM), RFC 7634 (ChaCha20-Poly1305), RFC 3602 (CBC).
 */
import {
	createCipheriv,
	createDecipheriv,
	createHmac,
	createSecretKey,
	type KeyObject,
	timingSafeEqual,
} from "node:crypto";
import type { PacketMemory } from "#base/packet-memory.ts";
import type { EspKeys, EspProtection } from "#esp/protection.ts";

export interface PacketCipher {
	/** Encrypts what stands from the IV to `end`, and writes the check value behind it. The IV stands there. */
	seal(at: number, end: number, upperHalf: number): void;
	/** Decrypts a packet whose check value begins at `end`. False when it is not authentic: then what stands there is of no use. */
	open(at: number, end: number, upperHalf: number): boolean;
	/** Forgets the keys. */
	close(): void;
}

/** Makes ciphers whose packets are in one memory. */
export interface PacketCiphers {
	readonly memory: PacketMemory;
	open(protection: EspProtection, keys: EspKeys, direction: "outbound" | "inbound"): PacketCipher;
}

/** Octets at the beginning of the memory that ciphers write nonces and the like to. */
export const scratchOctets = 256;

/** SPI and sequence number. */
export const headerOctets = 8;

/** Ciphers by the functions of Node: an object or two for each packet, ten times the time for short ones. */
export function nodeCiphers(memory: PacketMemory): PacketCiphers {
	return {
		memory,
		open: (protection, keys) =>
			protection.cipher.tagOctets > 0 ? new NodeAead(memory, protection, keys) : new NodeCbc(memory, protection, keys),
	};
}

/** OpenSSL has single DES only in a provider that is not loaded: three times the same key is the same cipher. */
export function cipherKey(encryption: Uint8Array, keyOctets: number): Uint8Array {
	const key = encryption.subarray(0, keyOctets);
	return keyOctets === desKeyOctets ? Buffer.concat([key, key, key]) : key;
}

/** Octets of the check value. */
export function tagOctetsOf({ cipher, integrity }: EspProtection): number {
	return integrity?.tagOctets ?? cipher.tagOctets;
}

class NodeAead implements PacketCipher {
	readonly #octets: Uint8Array;
	readonly #protection: EspProtection;
	readonly #key: KeyObject;
	readonly #nonce: Uint8Array;

	constructor({ octets }: PacketMemory, protection: EspProtection, { encryption }: EspKeys) {
		const { keyOctets, saltOctets, ivOctets } = protection.cipher;
		this.#octets = octets;
		this.#protection = protection;
		this.#key = createSecretKey(encryption.subarray(0, keyOctets));
		this.#nonce = new Uint8Array(saltOctets + ivOctets);
		this.#nonce.set(encryption.subarray(keyOctets));
	}

	seal(at: number, end: number, upperHalf: number): void {
		const { cipher } = this.#protection;
		const start = this.#takeNonce(at);
		const engine = createCipheriv(cipher.engine as "aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: cipher.tagOctets,
		});
		engine.setAAD(this.#header(at, upperHalf), { plaintextLength: end - start });
		this.#octets.set(engine.update(this.#octets.subarray(start, end)), start);
		engine.final();
		this.#octets.set(engine.getAuthTag(), end);
	}

	open(at: number, end: number, upperHalf: number): boolean {
		const { cipher } = this.#protection;
		const start = this.#takeNonce(at);
		const engine = createDecipheriv(cipher.engine as "aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: cipher.tagOctets,
		});
		engine.setAAD(this.#header(at, upperHalf), { plaintextLength: end - start });
		engine.setAuthTag(this.#octets.subarray(end, end + cipher.tagOctets));
		const plain = engine.update(this.#octets.subarray(start, end));
		try {
			engine.final();
		} catch {
			return false;
		}
		this.#octets.set(plain, start);
		return true;
	}

	close(): void {}

	#takeNonce(at: number): number {
		const { saltOctets, ivOctets } = this.#protection.cipher;
		const start = at + headerOctets + ivOctets;
		this.#nonce.set(this.#octets.subarray(at + headerOctets, start), saltOctets);
		return start;
	}

	/** What is authenticated besides: SPI and number; with extended numbers all 64 bits. */
	#header(at: number, upperHalf: number): Uint8Array {
		const header = this.#octets.subarray(at, at + headerOctets);
		if (!this.#protection.hasExtendedSequenceNumbers) return header;
		return Buffer.concat([header.subarray(0, 4), wordOf(upperHalf), header.subarray(4)]);
	}
}

class NodeCbc implements PacketCipher {
	readonly #octets: Uint8Array;
	readonly #protection: EspProtection;
	readonly #key: KeyObject;
	readonly #integrityKey: KeyObject;

	constructor({ octets }: PacketMemory, protection: EspProtection, { encryption, integrity }: EspKeys) {
		if (protection.integrity === undefined) throw new Error("a cipher without anything that authenticates");
		this.#octets = octets;
		this.#protection = protection;
		this.#key = createSecretKey(cipherKey(encryption, protection.cipher.keyOctets));
		this.#integrityKey = createSecretKey(integrity);
	}

	seal(at: number, end: number, upperHalf: number): void {
		const { engine: name, ivOctets } = this.#protection.cipher;
		const start = at + headerOctets + ivOctets;
		const iv = this.#octets.subarray(at + headerOctets, start);
		const engine = createCipheriv(name, this.#key, iv).setAutoPadding(false);
		this.#octets.set(engine.update(this.#octets.subarray(start, end)), start);
		engine.final();
		this.#octets.set(this.#tag(at, end, upperHalf), end);
	}

	open(at: number, end: number, upperHalf: number): boolean {
		const tag = this.#tag(at, end, upperHalf);
		if (!timingSafeEqual(tag, this.#octets.subarray(end, end + tag.length))) return false;
		const { engine: name, ivOctets } = this.#protection.cipher;
		const start = at + headerOctets + ivOctets;
		const engine = createDecipheriv(name, this.#key, this.#octets.subarray(at + headerOctets, start));
		this.#octets.set(engine.setAutoPadding(false).update(this.#octets.subarray(start, end)), start);
		engine.final();
		return true;
	}

	close(): void {}

	#tag(at: number, end: number, upperHalf: number): Uint8Array {
		const { hash, tagOctets } = this.#protection.integrity as NonNullable<EspProtection["integrity"]>;
		const hmac = createHmac(hash, this.#integrityKey).update(this.#octets.subarray(at, end));
		if (this.#protection.hasExtendedSequenceNumbers) hmac.update(wordOf(upperHalf));
		return hmac.digest().subarray(0, tagOctets);
	}
}

function wordOf(value: number): Uint8Array {
	return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

const desKeyOctets = 8;
