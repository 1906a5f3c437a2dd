/**
 * A rate that several streams share: each says what it has moved, and is told how long to wait before it moves more.
 *
 * Bounds: two numbers. What is moved is never refused; a debt is waited off, so that nothing is gathered anywhere but in
 * the buffers of the network.
 */
export class TokenBucket {
	readonly #octetsPerMs: number;
	readonly #burstOctets: number;
	#credit: number;
	#at: number;

	/** `now` in milliseconds. A burst of a tenth of a second passes at once. */
	constructor(octetsPerSecond: number, now: number) {
		this.#octetsPerMs = octetsPerSecond / 1000;
		this.#burstOctets = octetsPerSecond / 10;
		this.#credit = this.#burstOctets;
		this.#at = now;
	}

	/** So many octets were moved; answers the milliseconds after which more may be. 0: at once. */
	take(octets: number, now: number): number {
		this.#credit = Math.min(this.#burstOctets, this.#credit + Math.max(0, now - this.#at) * this.#octetsPerMs);
		this.#at = Math.max(this.#at, now);
		this.#credit -= octets;
		return this.#credit >= 0 ? 0 : -this.#credit / this.#octetsPerMs;
	}
}
