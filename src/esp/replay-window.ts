/** Which sequence numbers were seen: the anti-replay window (RFC 4303 §3.4.3, RFC 6479; B44). */

/**
 * A window of the last `size` sequence numbers below the highest that was authentic.
 *
 * Bounds: `size` up to 4,096 and a multiple of 32; 0 accepts everything. Constant work per packet, but for jumps.
 */
export class ReplayWindow {
	readonly size: number;
	/** One word more than the window, so that moving it clears whole words (RFC 6479). */
	readonly #words: Uint32Array;
	#highest = 0;

	constructor(size: number) {
		if (size % 32 !== 0 || size > 4_096) throw new RangeError(`a replay window of ${size} packets`);
		this.size = size;
		this.#words = new Uint32Array(size / 32 + 1);
	}

	/** The highest sequence number that was accepted. */
	get highest(): number {
		return this.#highest;
	}

	/** True when the number is new and not too old. Zero is never sent, so it never is. */
	mayAccept(sequence: number): boolean {
		if (this.size === 0) return true;
		if (sequence === 0) return false;
		if (sequence > this.#highest) return true;
		if (this.#highest - sequence >= this.size) return false;
		const word = this.#words[this.#slot(sequence)] as number;
		return (word & (1 << (sequence & 31))) === 0;
	}

	/** The packet was authentic: its number is used up. */
	accept(sequence: number): void {
		if (sequence > this.#highest) this.#advance(sequence);
		if (this.size === 0) return;
		const slot = this.#slot(sequence);
		this.#words[slot] = (this.#words[slot] as number) | (1 << (sequence & 31));
	}

	#advance(sequence: number): void {
		const from = Math.floor(this.#highest / 32);
		const to = Math.floor(sequence / 32);
		const count = Math.min(to - from, this.#words.length);
		for (let index = 1; index <= count; index++) this.#words[(from + index) % this.#words.length] = 0;
		this.#highest = sequence;
	}

	#slot(sequence: number): number {
		return Math.floor(sequence / 32) % this.#words.length;
	}
}
