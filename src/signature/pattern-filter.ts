/**
 * Says which of thousands of patterns may stand in a stream of octets: the first of two steps, the second compares rule by
 * rule. It may say too much (letters match in either case, of a pattern that goes on beyond a chunk only a part is seen), never too
 * little.
 *
 * Each pattern lends its rarest piece of 8 octets, or of 4 where it is shorter. Whatever holds the piece holds one of its samples, 4 octets
 * (3) at a place that five (two) divides: only those places are looked at. A table of bits knows most samples to be
 * of no piece; the rest is compared. It is done in WebAssembly (`search-text.ts`), and what is shorter than 4 octets is looked for sixteen
 * octets at a time.
 */
import { maxSearched, SearchMemory, searchedAt } from "#signature/search-memory.ts";
import { type SearchTables, writeTables } from "#signature/search-tables.ts";

/** The octets before the next chunk: a piece over the seam is found. Made by `start`, changed by `scan`. */
export interface FilterStream {
	readonly tail: Uint8Array;
	length: number;
}

/** A compiled set of patterns, shared by all streams. Bounds: those of `writeTables`. */
export class PatternFilter {
	/** After `scan`: how many patterns were found. */
	hitCount = 0;
	readonly #memory: SearchMemory;
	readonly #tables: SearchTables;
	readonly #patterns: number;
	#stamp = 0;

	/** The filters of an engine share a memory. */
	constructor(patterns: readonly Uint8Array[], memory = new SearchMemory()) {
		this.#memory = memory;
		this.#patterns = patterns.length;
		this.#tables = writeTables(memory, patterns);
	}

	start(): FilterStream {
		return { tail: new Uint8Array(seamOctets), length: 0 };
	}

	/** One of the patterns that were found, each once, by its index. */
	hit(at: number): number {
		return this.#memory.words[this.#tables.hits / wordOctets + at] as number;
	}

	/** Searches octets that stand alone: exactly the patterns in them, where they are no more than `maxSearched`. */
	scanWhole(octets: Uint8Array, start: number, end: number): void {
		alone.length = 0;
		this.#scan(alone, octets, start, end, false, end - start <= maxSearched);
	}

	/** Searches the next octets of a stream; with `isLongOnly` for patterns of `longPieceOctets` and more. */
	scan(stream: FilterStream, octets: Uint8Array, start: number, end: number, isLongOnly = false): void {
		this.#scan(stream, octets, start, end, isLongOnly, false);
	}

	#scan(
		stream: FilterStream,
		octets: Uint8Array,
		start: number,
		end: number,
		isLongOnly: boolean,
		isWhole: boolean,
	): void {
		this.hitCount = 0;
		if (this.#patterns === 0 || start >= end || (isLongOnly && !this.#tables.hasLong)) return;
		this.#begin(isWhole);
		for (let from = start; from < end; from += maxSearched) {
			const to = Math.min(end, from + maxSearched);
			this.#search(stream, octets, from, to, isLongOnly);
			if (!isWhole) keepTail(stream, octets, from, to);
		}
		this.hitCount = this.#memory.words[this.#tables.filter / wordOctets] as number;
	}

	#search(stream: FilterStream, octets: Uint8Array, start: number, end: number, isLongOnly: boolean): void {
		const searched = this.#memory.octets;
		const begin = searchedAt - stream.length;
		for (let at = 0; at < stream.length; at++) searched[begin + at] = stream.tail[at] as number;
		if (end - start <= fewOctets) {
			const shift = searchedAt - start;
			for (let at = start; at < end; at++) searched[shift + at] = octets[at] as number;
		} else searched.set(start === 0 && end === octets.length ? octets : octets.subarray(start, end), searchedAt);
		this.#memory.search(this.#tables.filter, begin, searchedAt, searchedAt + end - start, Number(isLongOnly));
	}

	#begin(isWhole: boolean): void {
		const { words } = this.#memory;
		const filter = this.#tables.filter / wordOctets;
		if (++this.#stamp === 0x7fff_ffff) {
			const stamps = (words[filter + 2] as number) / wordOctets;
			words.fill(0, stamps, stamps + this.#patterns);
			this.#stamp = 1;
		}
		words[filter] = 0;
		words[filter + 3] = this.#stamp;
		words[filter + 8] = Number(isWhole);
	}
}

function keepTail(stream: FilterStream, octets: Uint8Array, start: number, end: number): void {
	const { tail } = stream;
	const fresh = Math.min(seamOctets, end - start);
	const kept = Math.min(stream.length, seamOctets - fresh);
	if (kept > 0) tail.copyWithin(0, stream.length - kept, stream.length);
	for (let at = 0; at < fresh; at++) tail[kept + at] = octets[end - fresh + at] as number;
	stream.length = kept + fresh;
}

/** One less than the longest piece. */
const seamOctets = 7;
const wordOctets = 4;
/** So many are copied one by one sooner than by a view of them. */
const fewOctets = 64;
const alone: FilterStream = { tail: new Uint8Array(seamOctets), length: 0 };
