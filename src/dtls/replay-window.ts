/**
 * Which records of an epoch have come: each is taken once, and none that is older than the window.
 *
 * Bounds: the newest sequence number and 64 bits. Source: RFC 6347 §4.1.2.6, RFC 4303 §3.4.3.
 */
export class ReplayWindow {
	#newest = -1;
	/** Bit n is `newest - n`: the 32 newest, and the 32 before. */
	#low = 0;
	#high = 0;

	/** True when a record of this number may still be taken. To be asked before it is opened. */
	isFresh(sequence: number): boolean {
		const age = this.#newest - sequence;
		if (age < 0) return true;
		if (age >= windowSize) return false;
		return age < 32 ? (this.#low & (1 << age)) === 0 : (this.#high & (1 << (age - 32))) === 0;
	}

	/** A record of this number was opened. */
	mark(sequence: number): void {
		const ahead = sequence - this.#newest;
		if (ahead <= 0) {
			const age = -ahead;
			if (age < 32) this.#low |= 1 << age;
			else if (age < windowSize) this.#high |= 1 << (age - 32);
			return;
		}
		this.#newest = sequence;
		if (ahead >= windowSize) {
			this.#low = 1;
			this.#high = 0;
		} else if (ahead >= 32) {
			this.#high = ahead === 32 ? this.#low : this.#low << (ahead - 32);
			this.#low = 1;
		} else {
			this.#high = (this.#high << ahead) | (this.#low >>> (32 - ahead));
			this.#low = (this.#low << ahead) | 1;
		}
	}
}

const windowSize = 64;
