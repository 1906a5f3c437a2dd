/** The part of a body or stream that rules can still look at: all of it while it is short, its end once it is long. */
import { lowerCase } from "#signature/lower-case.ts";

/**
 * Collects octets and forgets the oldest when it is full.
 *
 * Bounds: `firstOctets` for a short body, `capacity` for a longer one, and as much again once letters of either case are asked
 * for; `maxSpare` windows are kept for later ones.
 */
export class OctetWindow {
	octets: Buffer = empty;
	length = 0;
	/** How many octets went by before the first one here. */
	base = 0;
	readonly #capacity: number;
	readonly #keep: number;
	#lower: Buffer = empty;
	/** How much of it is made. */
	#lowerTo = 0;

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

	/** What is here with its letters in lower case; each octet is made so once. */
	lowered(): Buffer {
		if (this.#lower.length < this.octets.length) {
			this.#lower = this.#made(this.octets.length);
			this.#lowerTo = 0;
		}
		if (this.#lowerTo < this.length) {
			const from = this.#lowerTo - (this.#lowerTo % wordOctets);
			lowerCase(this.octets.subarray(from, this.length), this.#lower.subarray(from));
			this.#lowerTo = this.length;
		}
		return this.#lower.subarray(0, this.length);
	}

	append(source: Uint8Array, start: number, end: number): void {
		let from = start;
		if (end - from > this.#capacity) {
			from = end - this.#capacity;
			this.base += this.length + from - start;
			this.length = 0;
			this.#lowerTo = 0;
		} else if (this.overflows(end - from)) {
			const kept = Math.max(0, Math.min(this.#keep, this.length, this.#capacity - (end - from)));
			this.octets.copyWithin(0, this.length - kept, this.length);
			this.base += this.length - kept;
			this.length = kept;
			this.#lowerTo = 0;
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
		this.#lowerTo = 0;
		this.append(source, end - this.#keep, end);
	}

	restart(): void {
		this.length = 0;
		this.base = 0;
		this.#lowerTo = 0;
		this.octets = kept(this.octets);
		this.#lower = kept(this.#lower);
	}

	#grow(needed: number): void {
		if (needed <= this.octets.length) return;
		const isShort = needed <= firstOctets && this.#capacity > firstOctets;
		const larger = this.#made(isShort ? firstOctets : this.#capacity);
		larger.set(this.octets.subarray(0, this.length));
		this.octets = larger;
	}

	#made(octets: number): Buffer {
		return (octets === windowOctets ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(octets);
	}
}

/** What a long body took is lent to the next one, of whatever connection. */
function kept(octets: Buffer): Buffer {
	if (octets.length <= firstOctets) return octets;
	if (octets.length === windowOctets && spare.length < maxSpare) spare.push(octets);
	return empty;
}

/** What a window holds at most. Longer contents cannot be joined by `distance`. */
const windowOctets = 131_072;
const keptOctets = 32_768;
const firstOctets = 4_096;
const wordOctets = 4;
/** Windows that no body uses: they are made once. */
const spare: Buffer[] = [];
const maxSpare = 64;
const empty = Buffer.alloc(0);
