/** Packets of ESP in tunnel mode, opened in place: replay first, then authenticity, then the contents (RFC 4303 §3.4; B37, B44). */
import { headerOctets, type PacketCipher, type PacketCiphers, tagOctetsOf } from "#esp/packet-cipher.ts";
import type { EspKeys, EspProtection } from "#esp/protection.ts";
import { ReplayWindow } from "#esp/replay-window.ts";

/** Why a packet was not opened; below zero, so that an answer of `open` is octets or a reason. */
export const espRefusal = {
	/** Shorter than its own parts, or not of whole blocks. */
	truncated: -1,
	/** A number that was seen or is too old. */
	replayed: -2,
	/** Changed on the way, or of other keys. */
	notAuthentic: -3,
	/** Authentic, but the padding is not 1, 2, 3 ... */
	badPadding: -4,
} as const;

/** What an association receives with. */
export interface InboundParts {
	readonly spi: number;
	readonly protection: EspProtection;
	readonly keys: EspKeys;
	readonly ciphers: PacketCiphers;
	/** Packets in the replay window: 32, 64 or more; 0 accepts recorded packets (danger: `no-anti-replay`). */
	readonly replayWindow: number;
}

export class InboundAssociation {
	readonly spi: number;
	/** Octets of the packet before the inner one. */
	readonly prefixOctets: number;
	/** Packets that were refused: at 1 those that were truncated, at 2 those that were replayed, as `espRefusal` counts. */
	readonly refused = new Uint32Array(5);
	/** Next header of the packet that was opened last. */
	nextHeader = 0;
	readonly #octets: Uint8Array;
	readonly #view: DataView;
	readonly #cipher: PacketCipher;
	readonly #blockOctets: number;
	readonly #tagOctets: number;
	readonly #hasExtendedNumbers: boolean;
	readonly #window: ReplayWindow;

	constructor({ spi, protection, keys, ciphers, replayWindow }: InboundParts) {
		const { cipher, hasExtendedSequenceNumbers } = protection;
		this.spi = spi;
		this.prefixOctets = headerOctets + cipher.ivOctets;
		this.#octets = ciphers.memory.octets;
		this.#view = ciphers.memory.view;
		this.#cipher = ciphers.open(protection, keys, "inbound");
		this.#blockOctets = cipher.blockOctets;
		this.#tagOctets = tagOctetsOf(protection);
		this.#hasExtendedNumbers = hasExtendedSequenceNumbers;
		this.#window = new ReplayWindow(replayWindow);
	}

	/**
	 * Opens the packet at `at`; the inner one then begins `prefixOctets` behind that. Returns its octets, or a number of
	 * `espRefusal`. No state changes before the packet is authentic.
	 */
	open(at: number, octets: number): number {
		const start = at + this.prefixOctets;
		const end = at + octets - this.#tagOctets;
		const encrypted = end - start;
		if (encrypted < 2 || encrypted % this.#blockOctets !== 0) return this.#refuse(espRefusal.truncated);
		const sequence = this.#sequenceOf(this.#view.getUint32(at + 4));
		if (!this.#window.mayAccept(sequence)) return this.#refuse(espRefusal.replayed);
		const upperHalf = sequence > 0xffff_ffff ? Math.floor(sequence / two32) : 0;
		if (!this.#cipher.open(at, end, upperHalf)) return this.#refuse(espRefusal.notAuthentic);
		this.#window.accept(sequence);
		const padding = this.#octets[end - 2] as number;
		const inner = encrypted - 2 - padding;
		if (inner < 0) return this.#refuse(espRefusal.badPadding);
		for (let index = 0; index < padding; index++)
			if (this.#octets[start + inner + index] !== index + 1) return this.#refuse(espRefusal.badPadding);
		this.nextHeader = this.#octets[end - 1] as number;
		return inner;
	}

	/** Forgets the keys. */
	close(): void {
		this.#cipher.close();
	}

	/** The whole number of which 32 bits were sent: the one nearest to the window (RFC 4303 §A2.2). */
	#sequenceOf(low: number): number {
		if (!this.#hasExtendedNumbers) return low;
		const highest = this.#window.highest;
		const topHigh = Math.floor(highest / two32);
		const size = this.#window.size || defaultWindow;
		const bottom = (highest % two32) - size + 1;
		if (bottom >= 0) return low >= bottom ? topHigh * two32 + low : (topHigh + 1) * two32 + low;
		// The window spans two values of the upper half.
		const isBefore = low >= bottom + two32 && topHigh > 0;
		return (isBefore ? topHigh - 1 : topHigh) * two32 + low;
	}

	#refuse(reason: number): number {
		this.refused[-reason] = (this.refused[-reason] as number) + 1;
		return reason;
	}
}

const two32 = 0x1_0000_0000;
const defaultWindow = 64;
