/** Gives out places of the memory of packets, one behind the other; none comes back. */
export class MemoryPlan {
	#at: number;

	constructor(begin: number) {
		this.#at = begin;
	}

	/** Where `octets` begin: a multiple of 64, so that words of any size may stand there. */
	take(octets: number): number {
		const at = (this.#at + lineOctets - 1) & ~(lineOctets - 1);
		this.#at = at + octets;
		return at;
	}

	/** Octets that were given out, with those before. */
	get octets(): number {
		return this.#at;
	}
}

const lineOctets = 64;
