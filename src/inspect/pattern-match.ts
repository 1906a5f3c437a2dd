/**
 * Searches streams of octets for many patterns at once. A pattern is found however the stream is cut into chunks.
 *
 * Two ways, chosen when the set is compiled: few long patterns are found by skipping (`skip-search.ts`), any others by
 * the automaton (`automaton.ts`), which also reads over the seams between chunks and takes over where skipping gets dear.
 */
import { Buffer } from "node:buffer";
import { Automaton } from "#inspect/automaton.ts";
import { minSkipPattern, type OnMatch, SkipSearch } from "#inspect/skip-search.ts";

/** One pattern to search for. */
export interface Pattern {
	readonly octets: Uint8Array;
	/** ASCII letters match in either case. */
	readonly ignoresCase?: boolean;
}

/** Where one stream stands; made by `PatternMatcher.start`, changed by `scan`. Keeps less than a pattern's length. */
export interface PatternStream {
	state: number;
	/** The last octets before the next chunk, right-aligned; undefined when the search does not need them. */
	readonly tail: Uint8Array | undefined;
	tailLength: number;
}

/**
 * A compiled set of patterns, shared by all streams.
 *
 * Bounds: see `Automaton` and `SkipSearch`; a stream keeps at most the longest pattern's length less one.
 */
export class PatternMatcher {
	readonly #patterns: readonly Uint8Array[];
	readonly #ignoresCase: readonly boolean[];
	readonly #longest: number;
	readonly #automaton: Automaton;
	readonly #skip: SkipSearch | undefined;
	/** The automaton folds all letters though some pattern does not: its matches are compared again. */
	readonly #mustCompare: boolean;

	/** Compiles patterns; an index into them names a match. Throws for an empty pattern or one above `maxPatternOctets`. */
	constructor(patterns: readonly Pattern[]) {
		for (const { octets } of patterns) {
			if (octets.length === 0 || octets.length > maxPatternOctets) {
				throw new RangeError(`a pattern of ${octets.length} octets; expected 1 to ${maxPatternOctets}`);
			}
		}
		this.#patterns = patterns.map(({ octets }) => octets);
		this.#ignoresCase = patterns.map(({ ignoresCase }) => ignoresCase === true);
		this.#longest = this.#patterns.reduce((longest, { length }) => Math.max(longest, length), 0);
		const isFolded = this.#ignoresCase.includes(true);
		this.#automaton = new Automaton(this.#patterns, isFolded);
		this.#mustCompare = isFolded && this.#ignoresCase.includes(false);
		const maySkip = this.#patterns.length > 0 && this.#patterns.every(({ length }) => length >= minSkipPattern);
		const skip = maySkip ? new SkipSearch(this.#patterns, this.#ignoresCase) : undefined;
		this.#skip = skip !== undefined && skip.stops <= maxStops ? skip : undefined;
	}

	/** A stream that has seen nothing. */
	start(): PatternStream {
		const keeps = this.#skip !== undefined || this.#mustCompare;
		return { state: 0, tail: keeps ? Buffer.allocUnsafe(this.#longest - 1) : undefined, tailLength: 0 };
	}

	/** Forgets what the stream has seen; a new unit begins. */
	restart(stream: PatternStream): void {
		stream.state = 0;
		stream.tailLength = 0;
	}

	/**
	 * Searches the next octets of a stream, `octets[start..end)`. Each match is told once; their order is not told. The
	 * match's end is an offset into `octets`. Answers true when `onMatch` stopped the scan; the stream is then spent.
	 */
	scan(stream: PatternStream, octets: Uint8Array, start: number, end: number, onMatch: OnMatch): boolean {
		if (start >= end || this.#longest === 0) return false;
		const stopped =
			this.#skip === undefined
				? this.#walk(stream, octets, start, start, end, end, onMatch)
				: this.#skipThrough(this.#skip, stream, octets, start, end, onMatch);
		if (stream.tail !== undefined) keepTail(stream, stream.tail, octets, start, end);
		return stopped;
	}

	#skipThrough(
		skip: SkipSearch,
		stream: PatternStream,
		octets: Uint8Array,
		start: number,
		end: number,
		onMatch: OnMatch,
	): boolean {
		// The seam: patterns that begin before the chunk end within the longest pattern's length of it.
		if (stream.tailLength > 0) {
			stream.state = this.#stateAfterTail(stream);
			if (end - start < seamChunks * this.#longest) return this.#walk(stream, octets, start, start, end, end, onMatch);
			const seam = Math.min(end, start + this.#longest - 1);
			if (this.#walk(stream, octets, start, start, seam, start, onMatch)) return true;
		}
		const told = skip.scan(octets, start, end, onMatch);
		if (told !== undefined) return told;
		stream.state = 0;
		return this.#walk(stream, octets, start, skip.position, end, end, onMatch);
	}

	/** Steps the automaton through `octets[from..end)` and tells matches that begin before `before`. */
	#walk(
		stream: PatternStream,
		octets: Uint8Array,
		start: number,
		from: number,
		end: number,
		before: number,
		onMatch: OnMatch,
	): boolean {
		const { table, columns, firstOutput } = this.#automaton;
		let state = stream.state;
		for (let at = from; at < end; at++) {
			state = table[state + (columns[octets[at] as number] as number)] as number;
			if (state >= firstOutput && this.#tell(stream, octets, start, state, at + 1, before, onMatch)) return true;
		}
		stream.state = state;
		return false;
	}

	#tell(
		stream: PatternStream,
		octets: Uint8Array,
		start: number,
		state: number,
		end: number,
		before: number,
		onMatch: OnMatch,
	): boolean {
		const { nextPattern } = this.#automaton;
		for (let index = this.#automaton.firstPattern(state); index !== -1; index = nextPattern[index] as number) {
			const pattern = this.#patterns[index] as Uint8Array;
			if (end - pattern.length >= before) continue;
			if (this.#mustCompare && !this.#ignoresCase[index] && !this.#isExact(stream, octets, start, end, pattern))
				continue;
			if (onMatch(index, end)) return true;
		}
		return false;
	}

	/** True when the pattern ends at `end` octet for octet; its beginning may lie in the tail. */
	#isExact(stream: PatternStream, octets: Uint8Array, start: number, end: number, pattern: Uint8Array): boolean {
		const tail = stream.tail as Uint8Array;
		let at = end - pattern.length;
		for (const wanted of pattern) {
			const octet = at >= start ? octets[at] : tail[tail.length - (start - at)];
			if (octet !== wanted) return false;
			at++;
		}
		return true;
	}

	#stateAfterTail(stream: PatternStream): number {
		const { table, columns } = this.#automaton;
		const tail = stream.tail as Uint8Array;
		let state = 0;
		for (let at = tail.length - stream.tailLength; at < tail.length; at++) {
			state = table[state + (columns[tail[at] as number] as number)] as number;
		}
		return state;
	}
}

/** Keeps the last octets of the stream, right-aligned. */
function keepTail(stream: PatternStream, tail: Uint8Array, octets: Uint8Array, start: number, end: number): void {
	const capacity = tail.length;
	const fresh = Math.min(capacity, end - start);
	if (fresh < capacity) tail.copyWithin(0, fresh);
	for (let index = 0; index < fresh; index++) tail[capacity - fresh + index] = octets[end - fresh + index] as number;
	stream.tailLength = Math.min(capacity, stream.tailLength + fresh);
}

/** Longer ones make every stream keep more. */
export const maxPatternOctets = 1_024;
/** Above so many stopping pairs the automaton is faster. */
const maxStops = 128;
/** Chunks shorter than so many patterns are walked whole. */
const seamChunks = 4;
