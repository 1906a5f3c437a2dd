/** The part of a body or stream that rules can still look at: all of it while it is short, its end once it is long. */

/**
 * Collects octets and forgets the oldest when it is full.
 *
 * Bounds: `firstOctets` for a short body, `capacity` for a longer one; `maxSpare` windows are kept for later ones.
 */
export class OctetWindow {
	octets: Buffer = empty;
	length = 0;
	/** How many octets went by before the first one here. */
	base = 0;
	readonly #capacity: number;
	readonly #keep: number;

	/** When full, the last `keep` octets stay. */
	constructor(capacity = windowOctets, keep = keptOctets) {
		this.#capacity = capacity;
		this.#keep = keep;
	}

	/** Octets since the last `restart`. */
	get total(): number {
		return this.base + this.length;
	}

	/** Whether appending so many octets pushes old ones out. */
	overflows(count: number): boolean {
		return this.length + count > this.#capacity;
	}

	append(source: Uint8Array, start: number, end: number): void {
		let from = start;
		if (end - from > this.#capacity) {
			from = end - this.#capacity;
			this.base += this.length + from - start;
			this.length = 0;
		} else if (this.overflows(end - from)) {
			const kept = Math.max(0, Math.min(this.#keep, this.length, this.#capacity - (end - from)));
			this.octets.copyWithin(0, this.length - kept, this.length);
			this.base += this.length - kept;
			this.length = kept;
		}
		this.#grow(this.length + end - from);
		this.octets.set(from === 0 && end === source.length ? source : source.subarray(from, end), this.length);
		this.length += end - from;
	}

	/** Appends octets of which only the end will be looked at: what lies before it is not copied. */
	appendEnd(source: Uint8Array, start: number, end: number): void {
		if (end - start <= this.#keep) return this.append(source, start, end);
		this.base += this.length + end - start - this.#keep;
		this.length = 0;
		this.append(source, end - this.#keep, end);
	}

	restart(): void {
		this.length = 0;
		this.base = 0;
		// What a long body took is lent to the next one, of whatever connection.
		if (this.octets.length <= firstOctets) return;
		if (this.octets.length === windowOctets && spare.length < maxSpare) spare.push(this.octets);
		this.octets = empty;
	}

	#whole(): Buffer {
		const lent = this.#capacity === windowOctets ? spare.pop() : undefined;
		return lent ?? Buffer.allocUnsafeSlow(this.#capacity);
	}

	#grow(needed: number): void {
		if (needed <= this.octets.length) return;
		const isShort = needed <= firstOctets && this.#capacity > firstOctets;
		const larger = isShort ? Buffer.allocUnsafeSlow(firstOctets) : this.#whole();
		larger.set(this.octets.subarray(0, this.length));
		this.octets = larger;
	}
}

/** What a window holds at most. Longer contents cannot be joined by `distance`. */
const windowOctets = 131_072;
const keptOctets = 32_768;
const firstOctets = 4_096;
/** Windows that no body uses: they are made once. */
const spare: Buffer[] = [];
const maxSpare = 64;
const empty = Buffer.alloc(0);
