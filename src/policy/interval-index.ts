/** Finds, among many sets of numbers, those that may hold a number. */
import type { Intervals } from "#policy/intervals.ts";

/**
 * A segment tree over the ends of all ranges.
 *
 * Bounds: a set takes two lists' places for each halving of the ends and each of its ranges; a question looks at one list for
 *         each halving. Ends count with the precision of a double, and a set may be named for a number a little above it;
 *         one that holds the number always is.
 */
export class IntervalIndex {
	readonly #origin: bigint;
	/** In ascending order, each once. */
	readonly #ends: Float64Array;
	readonly #lists: (number[] | undefined)[] = [];

	/** `all` are the sets that will be added; numbers are counted from `origin`. */
	constructor(all: ReadonlySet<Intervals>, origin: bigint) {
		this.#origin = origin;
		const near: number[] = [];
		for (const intervals of all) for (const { from, to } of intervals) near.push(this.#near(from), this.#near(to));
		const ends = Float64Array.from(near).sort();
		this.#ends = ends.filter((end, index) => index === 0 || end !== ends[index - 1]);
	}

	/** From now on the set is among those that are looked for. */
	add(intervals: Intervals, id: number): void {
		const count = this.#ends.length;
		for (const { from, to } of intervals) {
			let low = this.#place(this.#near(from)) + count;
			let high = this.#place(this.#near(to)) + count + 1;
			for (; low < high; low >>= 1, high >>= 1) {
				if (low & 1) this.#put(low++, id);
				if (high & 1) this.#put(--high, id);
			}
		}
	}

	/** The lists of the sets that may hold the number. */
	holding(number: bigint): readonly (readonly number[])[] {
		const place = this.#place(this.#near(number));
		const lists: (readonly number[])[] = [];
		if (place < 0) return lists;
		for (let node = place + this.#ends.length; node > 0; node >>= 1) {
			const list = this.#lists[node];
			if (list !== undefined) lists.push(list);
		}
		return lists;
	}

	#put(node: number, id: number): void {
		const list = this.#lists[node];
		if (list === undefined) this.#lists[node] = [id];
		else if (list.at(-1) !== id) list.push(id);
	}

	/** The last end that is not above; -1 when all are. */
	#place(end: number): number {
		let low = 0;
		let high = this.#ends.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#ends[middle] as number) <= end) low = middle + 1;
			else high = middle;
		}
		return low - 1;
	}

	/** Rounding keeps the order. */
	#near(number: bigint): number {
		return Number(number - this.#origin);
	}
}
