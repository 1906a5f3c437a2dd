/** Packets of ESP in tunnel mode, opened: replay first, then authenticity, then the contents (RFC 4303 §3.4; B37, B44). */
import { createDecipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { cipherKey, extendedHeader, headerOctets, upperHalf } from "#esp/outbound-association.ts";
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
	/** Packets in the replay window: 32, 64 or more; 0 accepts recorded packets (danger: `no-anti-replay`). */
	readonly replayWindow: number;
}

export class InboundAssociation {
	readonly spi: number;
	/** Packets that were refused: at 1 those that were truncated, at 2 those that were replayed, as `espRefusal` counts. */
	readonly refused = new Uint32Array(5);
	/** Next header of the packet that was opened last. */
	nextHeader = 0;
	readonly #protection: EspProtection;
	readonly #key: KeyObject;
	readonly #integrityKey: KeyObject;
	readonly #nonce: Uint8Array;
	readonly #window: ReplayWindow;

	constructor({ spi, protection, keys, replayWindow }: InboundParts) {
		const { cipher } = protection;
		this.spi = spi;
		this.#protection = protection;
		this.#key = createSecretKey(cipherKey(keys.encryption, cipher.keyOctets));
		this.#integrityKey = createSecretKey(keys.integrity);
		this.#nonce = new Uint8Array(cipher.saltOctets + cipher.ivOctets);
		this.#nonce.set(keys.encryption.subarray(cipher.keyOctets));
		this.#window = new ReplayWindow(replayWindow);
	}

	/**
	 * Writes the inner packet into `out` and returns its octets, or a number of `espRefusal`. Nothing changes, and nothing is
	 * written, before the packet is authentic.
	 */
	open(packet: Uint8Array, out: Uint8Array): number {
		const { cipher, integrity } = this.#protection;
		const end = packet.length - (integrity?.tagOctets ?? cipher.tagOctets);
		const start = headerOctets + cipher.ivOctets;
		const octets = end - start;
		if (octets < 2 || octets % cipher.blockOctets !== 0 || octets > out.length)
			return this.#refuse(espRefusal.truncated);
		const sequence = this.#sequenceOf(readU32(packet, 4));
		if (!this.#window.mayAccept(sequence)) return this.#refuse(espRefusal.replayed);
		const isAuthentic =
			cipher.tagOctets > 0
				? this.#openAead(packet, sequence, start, end, out)
				: this.#openCbc(packet, sequence, start, end, out);
		if (!isAuthentic) return this.#refuse(espRefusal.notAuthentic);
		this.#window.accept(sequence);
		const padding = out[octets - 2] as number;
		const inner = octets - 2 - padding;
		if (inner < 0) return this.#refuse(espRefusal.badPadding);
		for (let index = 0; index < padding; index++)
			if (out[inner + index] !== index + 1) return this.#refuse(espRefusal.badPadding);
		this.nextHeader = out[octets - 1] as number;
		return inner;
	}

	#openAead(packet: Uint8Array, sequence: number, start: number, end: number, out: Uint8Array): boolean {
		const { cipher, hasExtendedSequenceNumbers } = this.#protection;
		this.#nonce.set(packet.subarray(headerOctets, start), cipher.saltOctets);
		const engine = createDecipheriv(cipher.engine as "aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: cipher.tagOctets,
		});
		const header = packet.subarray(0, headerOctets);
		engine.setAAD(hasExtendedSequenceNumbers ? extendedHeader(header, sequence) : header, {
			plaintextLength: end - start,
		});
		engine.setAuthTag(packet.subarray(end));
		const plain = engine.update(packet.subarray(start, end));
		try {
			engine.final();
		} catch {
			return false;
		}
		out.set(plain);
		return true;
	}

	#openCbc(packet: Uint8Array, sequence: number, start: number, end: number, out: Uint8Array): boolean {
		const { cipher, integrity, hasExtendedSequenceNumbers } = this.#protection;
		if (integrity === undefined) return false;
		const hmac = createHmac(integrity.hash, this.#integrityKey).update(packet.subarray(0, end));
		if (hasExtendedSequenceNumbers) hmac.update(upperHalf(sequence));
		if (!timingSafeEqual(hmac.digest().subarray(0, integrity.tagOctets), packet.subarray(end))) return false;
		const iv = packet.subarray(headerOctets, start);
		const engine = createDecipheriv(cipher.engine, this.#key, iv).setAutoPadding(false);
		out.set(engine.update(packet.subarray(start, end)));
		engine.final();
		return true;
	}

	/** The whole number of which 32 bits were sent: the one nearest to the window (RFC 4303 §A2.2). */
	#sequenceOf(low: number): number {
		if (!this.#protection.hasExtendedSequenceNumbers) return low;
		const highest = this.#window.highest;
		const [topHigh, topLow] = [Math.floor(highest / two32), highest % two32];
		const size = this.#window.size || defaultWindow;
		const bottom = topLow - size + 1;
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

function readU32(octets: Uint8Array, at: number): number {
	const upper = ((octets[at] as number) << 8) | (octets[at + 1] as number);
	return upper * 0x1_0000 + (((octets[at + 2] as number) << 8) | (octets[at + 3] as number));
}

const two32 = 0x1_0000_0000;
const defaultWindow = 64;
