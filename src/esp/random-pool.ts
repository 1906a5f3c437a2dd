/** Random octets from a pool: one draw for each packet would cost more than its cipher. */
export class RandomPool {
	readonly #pool = new Uint8Array(poolOctets);
	readonly #fill: (octets: Uint8Array) => void;
	#at = poolOctets;

	constructor(fill: (octets: Uint8Array) => void) {
		this.#fill = fill;
	}

	/** Writes octets that are never given again. Bounds: `count` up to 64. */
	put(octets: Uint8Array, at: number, count: number): void {
		if (this.#at + count > poolOctets) {
			this.#fill(this.#pool);
			this.#at = 0;
		}
		for (let index = 0; index < count; index++) octets[at + index] = this.#pool[this.#at++] as number;
	}
}

const poolOctets = 65_536;
