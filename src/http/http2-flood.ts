/**
 * How much of what does no work a peer may send over one connection of HTTP/2: pings, settings, priorities, empty
 * frames, windows, streams that are reset before they were answered.
 *
 * Source: CVE-2019-9511 to CVE-2019-9518, CVE-2023-44487 (rapid reset), CVE-2025-8671 (resets that the peer provokes).
 */

/** What is counted together. */
export interface FloodLimits {
	/** At once. */
	readonly burst: number;
	/** Given back each second. */
	readonly perSecond: number;
}

/** One allowance; it has no clock, `secondPassed` is told. Bounds: two numbers. */
export class FloodBudget {
	readonly #limits: FloodLimits;
	#left: number;

	constructor(limits: FloodLimits) {
		this.#limits = limits;
		this.#left = limits.burst;
	}

	/** Takes one; false when nothing is left. */
	take(): boolean {
		return --this.#left >= 0;
	}

	/** Gives back what work has earned. */
	earn(count: number): void {
		this.#left = Math.min(this.#limits.burst, this.#left + count);
	}

	secondPassed(): void {
		this.earn(this.#limits.perSecond);
	}
}
