/**
 * Packets of ESP in tunnel mode, sealed in place.
 *
 *     | SPI (4) | sequence number (4) | IV | inner packet | 1 2 3 ... | pad octets (1) | next header (1) | check value |
 *                                          \________________ encrypted ________________________________/
 *
 * Source: RFC 4303 §2, RFC 4106 §3.1, RFC 3602 §3; B37, B38.
 */
import { headerOctets, type PacketCipher, type PacketCiphers, tagOctetsOf } from "#esp/packet-cipher.ts";
import type { EspKeys, EspProtection } from "#esp/protection.ts";
import type { RandomPool } from "#esp/random-pool.ts";

/** What an association sends with. */
export interface OutboundParts {
	readonly spi: number;
	readonly protection: EspProtection;
	readonly keys: EspKeys;
	readonly ciphers: PacketCiphers;
	/** The IVs of CBC, which must not be foretold. */
	readonly random: RandomPool;
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
	/** Octets of the packet before the inner one. */
	readonly prefixOctets: number;
	readonly #octets: Uint8Array;
	readonly #view: DataView;
	readonly #cipher: PacketCipher;
	readonly #random: RandomPool;
	readonly #isAead: boolean;
	readonly #ivOctets: number;
	readonly #tagOctets: number;
	/** Octets that the encrypted part is a multiple of (RFC 4303 §2.4). */
	readonly #unit: number;
	readonly #last: number;
	#sequence: number;

	constructor({ spi, protection, keys, ciphers, random, sequence = 0 }: OutboundParts) {
		const { cipher, hasExtendedSequenceNumbers } = protection;
		this.spi = spi;
		this.#octets = ciphers.memory.octets;
		this.#view = ciphers.memory.view;
		this.#cipher = ciphers.open(protection, keys, "outbound");
		this.#random = random;
		this.#isAead = cipher.tagOctets > 0;
		this.#ivOctets = cipher.ivOctets;
		this.#tagOctets = tagOctetsOf(protection);
		this.#unit = Math.max(4, cipher.blockOctets);
		this.prefixOctets = headerOctets + cipher.ivOctets;
		this.#sequence = sequence;
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

	/** Octets of the packet around `innerOctets`. */
	sealedOctets(innerOctets: number): number {
		return this.prefixOctets + innerOctets + this.#paddingOf(innerOctets) + 2 + this.#tagOctets;
	}

	/** Octets of the largest inner packet that a packet of `limit` octets has room for; 0 when there is none. */
	innerOctets(limit: number): number {
		let octets = Math.max(0, limit - this.sealedOctets(0));
		// Padding makes it a few octets less or more.
		octets += this.#unit;
		while (octets > 0 && this.sealedOctets(octets) > limit) octets--;
		return octets;
	}

	/**
	 * Makes a packet of ESP of the inner packet at `innerAt`; it begins `prefixOctets` before that. Returns its octets; 0 when
	 * the numbers are used up.
	 *
	 * There must be room for it before and behind. `nextHeader`: 4 for IPv4, 41 for IPv6.
	 */
	seal(innerAt: number, innerOctets: number, nextHeader: number): number {
		if (this.#sequence >= this.#last) return 0;
		const sequence = ++this.#sequence;
		const at = innerAt - this.prefixOctets;
		const upperHalf = sequence > 0xffff_ffff ? Math.floor(sequence / two32) : 0;
		const view = this.#view;
		view.setUint32(at, this.spi);
		view.setUint32(at + 4, sequence);
		if (this.#isAead) {
			// The number is unique under the key, and that is all that the IV must be (RFC 4106 §3.1).
			view.setUint32(at + headerOctets, upperHalf);
			view.setUint32(at + headerOctets + 4, sequence);
		} else this.#random.put(this.#octets, at + headerOctets, this.#ivOctets);
		const padding = this.#paddingOf(innerOctets);
		let end = innerAt + innerOctets;
		for (let count = 1; count <= padding; count++) this.#octets[end++] = count;
		this.#octets[end++] = padding;
		this.#octets[end++] = nextHeader;
		this.#cipher.seal(at, end, upperHalf);
		return end + this.#tagOctets - at;
	}

	/** Forgets the keys. */
	close(): void {
		this.#cipher.close();
	}

	#paddingOf(innerOctets: number): number {
		return (this.#unit - ((innerOctets + 2) % this.#unit)) % this.#unit;
	}
}

const two32 = 0x1_0000_0000;
