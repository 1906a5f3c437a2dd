/**
 * Finds patterns by looking at few octets: a table over pairs of octets says how far no pattern can end
 * (S. Wu, U. Manber, "A fast algorithm for multi-pattern searching", 1994, with blocks of two octets).
 *
 * Only windows as long as the shortest pattern are looked at; where the shift is 0, the patterns whose window ends in
 * that pair are compared octet by octet. That comparing has a budget, so that chosen input cannot make it dear.
 */
import { otherCase } from "#inspect/automaton.ts";

/** Told for each match: the pattern's index and the offset behind its last octet. True stops the scan. */
export type OnMatch = (pattern: number, end: number) => boolean;

/** Tables for a set of patterns, each of at least `minSkipPattern` octets. Bounds: 192 KiB and 32 octets per pattern. */
export class SkipSearch {
	readonly #patterns: readonly Uint8Array[];
	readonly #isFolded: readonly boolean[];
	readonly #window: number;
	/** By pair of octets: how far the window may move; 0 where a window may end. */
	readonly #shift: Uint8Array;
	/** By pair of octets: the first entry of the patterns whose window ends in it, or -1. */
	readonly #first: Int32Array;
	readonly #entryPattern: number[] = [];
	readonly #entryNext: number[] = [];

	/** Pairs of octets at which patterns must be compared: few are good. */
	stops = 0;
	/** After `scan` answered -2: no match that begins before this offset is left to be found. */
	position = 0;

	constructor(patterns: readonly Uint8Array[], isFolded: readonly boolean[]) {
		this.#patterns = patterns;
		this.#isFolded = isFolded;
		this.#window = Math.min(maxWindow, ...patterns.map((pattern) => pattern.length));
		this.#shift = new Uint8Array(65_536).fill(this.#window - 1);
		this.#first = new Int32Array(65_536).fill(-1);
		for (const [index, pattern] of patterns.entries()) this.#insert(index, pattern);
		for (const shift of this.#shift) if (shift === 0) this.stops++;
	}

	/**
	 * Tells the matches that lie in `octets[start..end)` wholly. False when all were told; true when `onMatch` stopped;
	 * undefined when the budget is spent and the rest, from `position` on, has to be searched another way.
	 */
	scan(octets: Uint8Array, start: number, end: number, onMatch: OnMatch): boolean | undefined {
		const shifts = this.#shift;
		const window = this.#window;
		const base = start - compareAllowance;
		let compared = 0;
		let at = start + window - 1;
		while (at < end) {
			const pair = ((octets[at - 1] as number) << 8) | (octets[at] as number);
			const shift = shifts[pair] as number;
			if (shift !== 0) {
				at += shift;
				continue;
			}
			const begin = at - window + 1;
			for (let entry = this.#first[pair] as number; entry !== -1; entry = this.#entryNext[entry] as number) {
				const index = this.#entryPattern[entry] as number;
				const pattern = this.#patterns[index] as Uint8Array;
				const length = equalOctets(octets, begin, end, pattern, this.#isFolded[index] as boolean);
				compared += length + 1;
				if (length === pattern.length && onMatch(index, begin + length)) return true;
			}
			at++;
			if (compared > at - base) {
				this.position = begin + 1;
				return undefined;
			}
		}
		return false;
	}

	#insert(index: number, pattern: Uint8Array): void {
		const isFolded = this.#isFolded[index] as boolean;
		for (let at = 1; at < this.#window; at++) {
			const shift = this.#window - 1 - at;
			for (const pair of pairs(pattern[at - 1] as number, pattern[at] as number, isFolded)) {
				if (shift < (this.#shift[pair] as number)) this.#shift[pair] = shift;
				if (shift > 0) continue;
				this.#entryPattern.push(index);
				this.#entryNext.push(this.#first[pair] as number);
				this.#first[pair] = this.#entryPattern.length - 1;
			}
		}
	}
}

/** How many octets of the pattern stand at `begin`. */
function equalOctets(octets: Uint8Array, begin: number, end: number, pattern: Uint8Array, isFolded: boolean): number {
	const length = Math.min(pattern.length, end - begin);
	for (let index = 0; index < length; index++) {
		const octet = octets[begin + index] as number;
		const wanted = pattern[index] as number;
		if (octet !== wanted && !(isFolded && octet === otherCase(wanted))) return index;
	}
	return length;
}

function pairs(before: number, last: number, isFolded: boolean): Set<number> {
	const befores = isFolded ? [before, otherCase(before)] : [before];
	const lasts = isFolded ? [last, otherCase(last)] : [last];
	return new Set(befores.flatMap((high) => lasts.map((low) => (high << 8) | low)));
}

/** Below this length a window moves too little to be worth it. */
export const minSkipPattern = 4;
const maxWindow = 250;
/** Octets compared before the budget of one per octet searched counts. */
const compareAllowance = 4_096;
