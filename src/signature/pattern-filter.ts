/**
 * Says which of thousands of patterns may stand in a stream of octets: the first of two steps, the second compares rule by
 * rule. It may say too much (letters match in either case, a pattern counts as found when its rarest piece is), never too
 * little.
 *
 * Each pattern lends one piece of 16, 8 or 4 octets; those of one length form a class that is searched in one pass, and so
 * do the patterns that are shorter. A
 * table over the last octets of a window says how far no piece can end (S. Wu, U. Manber, "A fast algorithm for
 * multi-pattern searching", 1994); where it says 0, the pieces that end so are compared as words. The time of such a search is
 * the time that one look-up takes to answer, so four windows are moved through four parts of the octets at a time.
 */

/** The octets before the next chunk: a piece over the seam is found. Made by `start`, changed by `scan`. */
export interface FilterStream {
	readonly tail: Uint8Array;
	length: number;
}

/**
 * A compiled set of patterns, shared by all streams.
 *
 * Bounds: 640 KiB of tables for each class in use, 32 octets a pattern. `hits` holds each pattern once a scan.
 */
export class PatternFilter {
	/** After `scan`: the patterns found, `hitCount` of them, by their index. */
	readonly hits: Int32Array;
	hitCount = 0;
	readonly #stamps: Int32Array;
	#stamp = 0;
	/** The longest pieces first; `longClasses` of them have `longPieceOctets` or more. */
	readonly #classes: readonly PieceClass[];
	readonly #longClasses: number;
	readonly #seam = new Uint8Array(2 * seamOctets);

	constructor(patterns: readonly Uint8Array[]) {
		this.hits = new Int32Array(patterns.length);
		this.#stamps = new Int32Array(patterns.length);
		const found = (pattern: number) => this.#found(pattern);
		const classes = pieceLengths.flatMap((length, at) => {
			const longer = pieceLengths[at - 1] ?? Number.POSITIVE_INFINITY;
			const members = patterns.flatMap((octets, index) =>
				octets.length >= length && octets.length < longer
					? [{ index, piece: length === 1 ? octets : rarestPiece(octets, length) }]
					: [],
			);
			if (members.length === 0) return [];
			const searched = length > 1 ? new SkippingClass(length, members, found) : new PairClass(members, found);
			return [{ length, searched }];
		});
		this.#classes = classes.map(({ searched }) => searched);
		this.#longClasses = classes.filter(({ length }) => length >= longPieceOctets).length;
	}

	start(): FilterStream {
		return { tail: new Uint8Array(seamOctets), length: 0 };
	}

	/** Searches octets that stand alone. */
	scanWhole(octets: Uint8Array, start: number, end: number): void {
		this.#begin();
		this.#search(this.#classes.length, octets, start, end);
	}

	/** Searches the next octets of a stream; with `isLongOnly` for patterns of `longPieceOctets` and more. */
	scan(stream: FilterStream, octets: Uint8Array, start: number, end: number, isLongOnly = false): void {
		this.#begin();
		const classes = isLongOnly ? this.#longClasses : this.#classes.length;
		if (classes === 0) return;
		if (stream.length > 0) {
			const seam = this.#seam;
			seam.set(stream.tail.subarray(0, stream.length));
			const ahead = Math.min(seamOctets, end - start);
			for (let at = 0; at < ahead; at++) seam[stream.length + at] = octets[start + at] as number;
			this.#search(classes, seam, 0, stream.length + ahead);
		}
		this.#search(classes, octets, start, end);
		keepTail(stream, octets, start, end);
	}

	#search(classes: number, octets: Uint8Array, start: number, end: number): void {
		if (start >= end) return;
		for (let at = 0; at < classes; at++) (this.#classes[at] as PieceClass).scan(octets, start, end);
	}

	#begin(): void {
		this.hitCount = 0;
		if (++this.#stamp === 0x7fff_ffff) {
			this.#stamps.fill(0);
			this.#stamp = 1;
		}
	}

	#found(pattern: number): void {
		if (this.#stamps[pattern] === this.#stamp) return;
		this.#stamps[pattern] = this.#stamp;
		this.hits[this.hitCount++] = pattern;
	}
}

interface Member {
	readonly index: number;
	readonly piece: Uint8Array;
}

interface PieceClass {
	scan(octets: Uint8Array, start: number, end: number): void;
}

/** Pieces of 4, 8 or 16 octets: windows are moved by a table. */
class SkippingClass implements PieceClass {
	readonly #length: number;
	/** What of a window's last four octets makes its key: three where the piece has no more than four. */
	readonly #mask: number;
	readonly #hashShift: number;
	/** By key: how far the window may move. As small as its keys allow, for it is looked into at random. */
	readonly #shifts: Uint8Array;
	/** By the same key: the first entry, or -1. */
	readonly #first: Int32Array;
	readonly #next: Int32Array;
	/** The words of each piece, `length / 4` of them, the last one first. */
	readonly #words: Int32Array;
	readonly #pattern: Int32Array;
	readonly #found: (pattern: number) => void;

	constructor(length: number, members: readonly Member[], found: (pattern: number) => void) {
		const block = length > 4 ? 4 : 3;
		const moves = length - block + 1;
		this.#length = length;
		this.#mask = length > 4 ? -1 : 0xffff_ff00 | 0;
		this.#found = found;
		const hashBits = Math.min(Math.max(Math.ceil(Math.log2(members.length * moves * 8)), minHashBits), maxHashBits);
		this.#hashShift = 32 - hashBits;
		const keys = 1 << hashBits;
		this.#shifts = new Uint8Array(keys).fill(moves);
		this.#first = new Int32Array(keys).fill(-1);
		this.#next = new Int32Array(members.length);
		this.#words = new Int32Array((members.length * length) / 4);
		this.#pattern = new Int32Array(members.length);
		for (const [entry, { index, piece }] of members.entries()) {
			for (let end = block - 1; end < length; end++) {
				const key = this.#key(wordAt(piece, end - 3));
				const shift = length - 1 - end;
				if (shift < (this.#shifts[key] as number)) this.#shifts[key] = shift;
			}
			const last = this.#key(wordAt(piece, length - 4));
			this.#next[entry] = this.#first[last] as number;
			this.#first[last] = entry;
			for (let word = 0; word < length / 4; word++)
				this.#words[(entry * length) / 4 + word] = wordAt(piece, length - 4 - 4 * word);
			this.#pattern[entry] = index;
		}
	}

	scan(octets: Uint8Array, start: number, end: number): void {
		const quarter = (end - start) >> 2;
		const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
		if (quarter < 4 * this.#length) return this.#scanOne(view, start + this.#length - 1, end);
		const shifts = this.#shifts;
		const mask = this.#mask;
		const hashShift = this.#hashShift;
		let a = start + this.#length - 1;
		let b = start + quarter;
		let c = b + quarter;
		let d = c + quarter;
		const [endA, endB, endC] = [b, c, d];
		while (a < endA && b < endB && c < endC && d < end) {
			// #key, four times, written out: as calls they are not always inlined.
			const keyA = (view.getInt32(a - 3, true) | fold) & mask;
			const keyB = (view.getInt32(b - 3, true) | fold) & mask;
			const keyC = (view.getInt32(c - 3, true) | fold) & mask;
			const keyD = (view.getInt32(d - 3, true) | fold) & mask;
			const shiftA = shifts[Math.imul(keyA, multiplier) >>> hashShift] as number;
			const shiftB = shifts[Math.imul(keyB, multiplier) >>> hashShift] as number;
			const shiftC = shifts[Math.imul(keyC, multiplier) >>> hashShift] as number;
			const shiftD = shifts[Math.imul(keyD, multiplier) >>> hashShift] as number;
			if (shiftA === 0) this.#compare(view, a++);
			else a += shiftA;
			if (shiftB === 0) this.#compare(view, b++);
			else b += shiftB;
			if (shiftC === 0) this.#compare(view, c++);
			else c += shiftC;
			if (shiftD === 0) this.#compare(view, d++);
			else d += shiftD;
		}
		this.#scanOne(view, a, endA);
		this.#scanOne(view, b, endB);
		this.#scanOne(view, c, endC);
		this.#scanOne(view, d, end);
	}

	/** Windows that end from `from` on. */
	#scanOne(view: DataView, from: number, end: number): void {
		const shifts = this.#shifts;
		for (let at = from; at < end; ) {
			const shift = shifts[this.#key(view.getInt32(at - 3, true) | fold)] as number;
			if (shift === 0) this.#compare(view, at++);
			else at += shift;
		}
	}

	#compare(view: DataView, at: number): void {
		const words = this.#words;
		const count = this.#length / 4;
		const last = view.getInt32(at - 3, true) | fold;
		for (let entry = this.#first[this.#key(last)] as number; entry !== -1; entry = this.#next[entry] as number) {
			if (words[entry * count] !== last) continue;
			let word = 1;
			while (word < count && words[entry * count + word] === (view.getInt32(at - 3 - 4 * word, true) | fold)) word++;
			if (word === count) this.#found(this.#pattern[entry] as number);
		}
	}

	/** Of four octets, letters without their case. */
	#key(word: number): number {
		return Math.imul(word & this.#mask, multiplier) >>> this.#hashShift;
	}
}

/** Patterns of fewer octets than a window: each is known by its rarest pair, and every pair is looked at. */
class PairClass implements PieceClass {
	/** By pair: 1 where a pattern has it; small, so that it stays in the nearest cache. */
	readonly #isKnown = new Uint8Array(65_536);
	readonly #first = new Int32Array(65_536).fill(-1);
	readonly #next: number[] = [];
	readonly #pattern: number[] = [];
	/** Where in its pattern the pair ends. */
	readonly #end: number[] = [];
	readonly #octets: readonly Uint8Array[];
	readonly #found: (pattern: number) => void;

	constructor(members: readonly Member[], found: (pattern: number) => void) {
		this.#found = found;
		const octets: Uint8Array[] = [];
		for (const { index, piece } of members) {
			octets[index] = piece;
			if (piece.length === 1) {
				// One octet stands behind any other.
				for (let before = 0x20; before < 256; before = (before + 1) | 0x20)
					this.#insert(((piece[0] as number) << 8) | before | fold, index, 0);
				continue;
			}
			const pair = rarestPiece(piece, 2);
			const end = pair.byteOffset - piece.byteOffset + 1;
			this.#insert(((pair[1] as number) << 8) | (pair[0] as number) | fold, index, end);
		}
		this.#octets = octets;
	}

	#insert(pair: number, pattern: number, end: number): void {
		const key = pair & 0xffff;
		this.#isKnown[key] = 1;
		this.#next.push(this.#first[key] as number);
		this.#pattern.push(pattern);
		this.#end.push(end);
		this.#first[key] = this.#pattern.length - 1;
	}

	scan(octets: Uint8Array, start: number, end: number): void {
		const isKnown = this.#isKnown;
		const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
		// Before the first octet stands any other.
		this.#look(octets, start, end, start, (((octets[start] as number) << 8) | fold) & 0xffff);
		let at = start + 1;
		for (; at + 2 < end; at += 3) {
			const word = view.getInt32(at - 1, true) | fold;
			const one = word & 0xffff;
			const two = (word >>> 8) & 0xffff;
			const three = word >>> 16;
			if (((isKnown[one] as number) | (isKnown[two] as number) | (isKnown[three] as number)) === 0) continue;
			this.#look(octets, start, end, at, one);
			this.#look(octets, start, end, at + 1, two);
			this.#look(octets, start, end, at + 2, three);
		}
		for (; at < end; at++) this.#look(octets, start, end, at, (view.getInt16(at - 1, true) | fold) & 0xffff);
	}

	#look(octets: Uint8Array, start: number, end: number, at: number, pair: number): void {
		if (this.#isKnown[pair] === 1) this.#compare(octets, start, end, at, pair);
	}

	#compare(octets: Uint8Array, start: number, end: number, at: number, pair: number): void {
		for (let entry = this.#first[pair] as number; entry !== -1; entry = this.#next[entry] as number) {
			const pattern = this.#pattern[entry] as number;
			const wanted = this.#octets[pattern] as Uint8Array;
			const from = at - (this.#end[entry] as number);
			if (from >= start && from + wanted.length <= end && isFolded(octets, from, wanted)) this.#found(pattern);
		}
	}
}

function isFolded(octets: Uint8Array, from: number, wanted: Uint8Array): boolean {
	for (let at = 0; at < wanted.length; at++)
		if (((octets[from + at] as number) | 0x20) !== ((wanted[at] as number) | 0x20)) return false;
	return true;
}

/** The piece whose octets are least usual in text and in programs. */
function rarestPiece(octets: Uint8Array, length: number): Uint8Array {
	let best = 0;
	let bestScore = -1;
	for (let start = 0; start + length <= octets.length; start++) {
		let score = 0;
		for (let at = start; at < start + length; at++) {
			const octet = octets[at] as number;
			const isRepeated = at > start && octet === octets[at - 1];
			score += isRepeated ? 0 : (rarity[octet] as number);
		}
		if (score > bestScore) {
			best = start;
			bestScore = score;
		}
	}
	return octets.subarray(best, best + length);
}

function keepTail(stream: FilterStream, octets: Uint8Array, start: number, end: number): void {
	const { tail } = stream;
	const fresh = Math.min(seamOctets, end - start);
	const kept = Math.min(stream.length, seamOctets - fresh);
	if (kept > 0) tail.copyWithin(0, stream.length - kept, stream.length);
	for (let at = 0; at < fresh; at++) tail[kept + at] = octets[end - fresh + at] as number;
	stream.length = kept + fresh;
}

/** Four octets without the bit that tells the cases of letters apart; those before the first one count as nothing. */
function wordAt(octets: Uint8Array, at: number): number {
	const octet = (index: number) => octets[index] ?? 0;
	return octet(at) | (octet(at + 1) << 8) | (octet(at + 2) << 16) | (octet(at + 3) << 24) | fold;
}

const pieceLengths = [16, 8, 4, 1];
/** Pieces of so many octets are searched for in long streams, too. */
export const longPieceOctets = 8;
/** One less than the longest piece. */
const seamOctets = 15;
const minHashBits = 10;
const maxHashBits = 17;
const fold = 0x20202020;
/** Knuth's multiplier for hashing by multiplication. */
const multiplier = 0x9e37_79b1 | 0;

/** How unusual each octet is, 1 to 8. */
const rarity = new Uint8Array(256).fill(8);
for (const octet of Buffer.from("jkqvwxyzJKQVWXYZ&%$#@!;|~^`{}[]<>")) rarity[octet] = 6;
for (const octet of Buffer.from("bcfghmpuBCFGHMPU0123456789_+*?()'")) rarity[octet] = 4;
for (const octet of Buffer.from('adilnorstADILNORST.,:-=/"')) rarity[octet] = 3;
for (const octet of [0x00, 0xff, 0x20, 0x0a, 0x0d, 0x65, 0x45]) rarity[octet] = 1;
