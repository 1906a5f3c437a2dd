/**
 * Packets of ESP in tunnel mode, sealed.
 *
 *     | SPI (4) | sequence number (4) | IV | inner packet | 1 2 3 ... | pad octets (1) | next header (1) | check value |
 *                                          \________________ encrypted ________________________________/
 *
 * All before the check value is authenticated; with extended numbers the upper 32 bits too, although they are not sent.
 * Source: RFC 4303 §2, RFC 4106 (GCM), RFC 7634 (ChaCha20-Poly1305), RFC 3602 (CBC); B37, B38.
 */
import { createCipheriv, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { EspKeys, EspProtection } from "#esp/protection.ts";

/** What an association sends with. */
export interface OutboundParts {
	readonly spi: number;
	readonly protection: EspProtection;
	readonly keys: EspKeys;
	/** Fills with random octets: the IVs of CBC, which must not be foretold. */
	readonly fillRandom: (octets: Uint8Array) => void;
	/** Number of the last packet that was sent before; default 0. */
	readonly sequence?: number;
}

/**
 * Seals packets one after the other, each with the next sequence number.
 *
 * Bounds: 2^32 - 1 packets, 2^53 - 1 with extended numbers; then nothing is sealed any more, as a number never comes twice.
 */
export class OutboundAssociation {
	readonly spi: number;
	readonly #protection: EspProtection;
	readonly #key: KeyObject;
	readonly #integrityKey: KeyObject;
	readonly #nonce: Uint8Array;
	readonly #random: Uint8Array;
	readonly #fillRandom: (octets: Uint8Array) => void;
	readonly #last: number;
	#randomAt: number;
	#sequence: number;

	constructor({ spi, protection, keys, fillRandom, sequence = 0 }: OutboundParts) {
		const { cipher, hasExtendedSequenceNumbers } = protection;
		this.spi = spi;
		this.#sequence = sequence;
		this.#protection = protection;
		this.#key = createSecretKey(cipherKey(keys.encryption, cipher.keyOctets));
		this.#integrityKey = createSecretKey(keys.integrity);
		this.#nonce = new Uint8Array(cipher.saltOctets + cipher.ivOctets);
		this.#nonce.set(keys.encryption.subarray(cipher.keyOctets));
		this.#random = new Uint8Array(cipher.tagOctets > 0 ? 0 : randomPoolOctets);
		this.#randomAt = this.#random.length;
		this.#fillRandom = fillRandom;
		this.#last = hasExtendedSequenceNumbers ? Number.MAX_SAFE_INTEGER : 0xffff_ffff;
	}

	/** The number of the last packet. */
	get sequence(): number {
		return this.#sequence;
	}

	/** New keys should be asked for: a tenth of the numbers is left. */
	get isWearingOut(): boolean {
		return this.#sequence > this.#last * 0.9;
	}

	/** The most octets that a packet around `innerOctets` has. */
	sealedOctets(innerOctets: number): number {
		const { cipher, integrity } = this.#protection;
		const tag = integrity?.tagOctets ?? cipher.tagOctets;
		return headerOctets + cipher.ivOctets + innerOctets + paddingOf(innerOctets, cipher.blockOctets) + 2 + tag;
	}

	/** Octets of the largest inner packet that a packet of `limit` octets has room for; 0 when there is none. */
	innerOctets(limit: number): number {
		let octets = Math.max(0, limit - this.sealedOctets(0));
		// Padding makes it a few octets less or more.
		octets += this.#protection.cipher.blockOctets + 4;
		while (octets > 0 && this.sealedOctets(octets) > limit) octets--;
		return octets;
	}

	/**
	 * Writes the packet around `inner` into `out` and returns its octets; 0 when the numbers are used up.
	 *
	 * `out` must have room for `sealedOctets`. `nextHeader`: 4 for IPv4, 41 for IPv6.
	 */
	seal(inner: Uint8Array, nextHeader: number, out: Uint8Array): number {
		if (this.#sequence >= this.#last) return 0;
		const sequence = ++this.#sequence;
		const { cipher } = this.#protection;
		writeU32(out, 0, this.spi);
		writeU32(out, 4, sequence % 0x1_0000_0000);
		const ivEnd = headerOctets + cipher.ivOctets;
		const trailer = trailers[paddingOf(inner.length, cipher.blockOctets)] as Uint8Array;
		trailer[trailer.length - 1] = nextHeader;
		return cipher.tagOctets > 0
			? this.#sealAead(inner, trailer, sequence, out, ivEnd)
			: this.#sealCbc(inner, trailer, sequence, out, ivEnd);
	}

	#sealAead(inner: Uint8Array, trailer: Uint8Array, sequence: number, out: Uint8Array, ivEnd: number): number {
		const { cipher, hasExtendedSequenceNumbers } = this.#protection;
		// The number is unique under the key, and that is all that the IV must be (RFC 4106 §3.1).
		writeU32(out, headerOctets, Math.floor(sequence / 0x1_0000_0000));
		writeU32(out, headerOctets + 4, sequence % 0x1_0000_0000);
		this.#nonce.set(out.subarray(headerOctets, ivEnd), cipher.saltOctets);
		const engine = createCipheriv(cipher.engine as "aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: cipher.tagOctets,
		});
		const header = out.subarray(0, headerOctets);
		engine.setAAD(hasExtendedSequenceNumbers ? extendedHeader(header, sequence) : header, {
			plaintextLength: inner.length + trailer.length,
		});
		let end = ivEnd;
		end = append(out, end, engine.update(inner));
		end = append(out, end, engine.update(trailer));
		engine.final();
		return append(out, end, engine.getAuthTag());
	}

	#sealCbc(inner: Uint8Array, trailer: Uint8Array, sequence: number, out: Uint8Array, ivEnd: number): number {
		const { cipher, integrity, hasExtendedSequenceNumbers } = this.#protection;
		if (integrity === undefined) throw new Error("a cipher without anything that authenticates");
		const iv = out.subarray(headerOctets, ivEnd);
		iv.set(this.#takeRandom(cipher.ivOctets));
		const engine = createCipheriv(cipher.engine, this.#key, iv).setAutoPadding(false);
		let end = ivEnd;
		end = append(out, end, engine.update(inner));
		end = append(out, end, engine.update(trailer));
		end = append(out, end, engine.final());
		const hmac = createHmac(integrity.hash, this.#integrityKey).update(out.subarray(0, end));
		if (hasExtendedSequenceNumbers) hmac.update(upperHalf(sequence));
		return append(out, end, hmac.digest().subarray(0, integrity.tagOctets));
	}

	/** From a pool: one draw for each packet would cost more than the cipher. */
	#takeRandom(octets: number): Uint8Array {
		if (this.#randomAt + octets > this.#random.length) {
			this.#fillRandom(this.#random);
			this.#randomAt = 0;
		}
		this.#randomAt += octets;
		return this.#random.subarray(this.#randomAt - octets, this.#randomAt);
	}
}

/** OpenSSL has single DES only in a provider that is not loaded: three times the same key is the same cipher. */
export function cipherKey(encryption: Uint8Array, keyOctets: number): Uint8Array {
	const key = encryption.subarray(0, keyOctets);
	return keyOctets === desKeyOctets ? Buffer.concat([key, key, key]) : key;
}

/** What GCM authenticates with extended numbers: SPI and all 64 bits (RFC 4106 §5). */
export function extendedHeader(header: Uint8Array, sequence: number): Uint8Array {
	const whole = new Uint8Array(12);
	whole.set(header.subarray(0, 4));
	whole.set(upperHalf(sequence), 4);
	whole.set(header.subarray(4, 8), 8);
	return whole;
}

/** The 32 bits of a number that are not sent. */
export function upperHalf(sequence: number): Uint8Array {
	const octets = new Uint8Array(4);
	writeU32(octets, 0, Math.floor(sequence / 0x1_0000_0000));
	return octets;
}

/** Octets of SPI and sequence number. */
export const headerOctets = 8;

/** To whole blocks, and to whole words of 32 bits at least (RFC 4303 §2.4). */
function paddingOf(innerOctets: number, blockOctets: number): number {
	const unit = Math.max(4, blockOctets);
	return (unit - ((innerOctets + 2) % unit)) % unit;
}

function append(out: Uint8Array, at: number, octets: Uint8Array): number {
	out.set(octets, at);
	return at + octets.length;
}

function writeU32(out: Uint8Array, at: number, value: number): void {
	out[at] = value >>> 24;
	out[at + 1] = (value >>> 16) & 0xff;
	out[at + 2] = (value >>> 8) & 0xff;
	out[at + 3] = value & 0xff;
}

const desKeyOctets = 8;
const randomPoolOctets = 65_536;
/** By the octets of padding: 1, 2, 3 ..., their count, and room for the next header. */
const trailers: readonly Uint8Array[] = Array.from({ length: 16 }, (_, count) =>
	Uint8Array.from([...Array.from({ length: count }, (__, index) => index + 1), count, 0]),
);
