/** Octets that come in pieces and are read as one: a line or a head that is not whole yet. */

/**
 * Joins what is pushed and gives it out from the front.
 *
 * Bounds: holds what was pushed and not taken, at most doubled; the caller bounds that. Work is linear in the octets, whatever the
 * size of the pieces; a piece that comes alone is not copied.
 */
export class OctetQueue {
	#octets: Uint8Array = nothing;
	#buffer: Uint8Array = nothing;
	/** Where `#octets` begins in `#buffer`; -1 while it is a piece as it was pushed. */
	#start = -1;

	get length(): number {
		return this.#octets.length;
	}

	/** All that is held; a view that stays as it is when more is pushed. */
	get octets(): Uint8Array {
		return this.#octets;
	}

	/** The piece must not be changed afterwards. */
	push(piece: Uint8Array): void {
		const held = this.#octets.length;
		if (held === 0) {
			this.#octets = piece;
			this.#start = -1;
			return;
		}
		const needed = held + piece.length;
		if (this.#start === -1 || this.#start + needed > this.#buffer.length) {
			this.#buffer = new Uint8Array(Math.max(smallestBuffer, needed * 2));
			this.#buffer.set(this.#octets);
			this.#start = 0;
		}
		// Behind what is held: views that were given out stay as they are.
		this.#buffer.set(piece, this.#start + held);
		this.#octets = this.#buffer.subarray(this.#start, this.#start + needed);
	}

	/** Gives out at most so many octets from the front; a view. */
	take(count: number): Uint8Array {
		const taken = this.#octets.subarray(0, count);
		this.#octets = this.#octets.subarray(count);
		if (this.#start !== -1) this.#start += taken.length;
		if (this.#octets.length === 0) this.#buffer = nothing;
		return taken;
	}
}

const nothing = new Uint8Array(0);
const smallestBuffer = 512;
