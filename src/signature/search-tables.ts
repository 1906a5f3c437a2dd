/** The tables of a search: patterns as the loops of `search-text.ts` read them. */
import type { SearchMemory } from "#signature/search-memory.ts";
import { pairMultiplier, thirdMultiplier } from "#signature/search-text.ts";
import { unusualPiece } from "#signature/usual-text.ts";

/** Where the tables of one set of patterns lie. */
export interface SearchTables {
	readonly filter: number;
	/** Where the indexes of the patterns that were found are written, each once a search. */
	readonly hits: number;
	readonly hasLong: boolean;
}

/**
 * Writes the tables.
 *
 * Bounds: 200 octets a pattern of eight octets or more, a hundred a shorter one, 128 KiB at most for what says that a sample is unknown.
 */
export function writeTables(memory: SearchMemory, patterns: readonly Uint8Array[]): SearchTables {
	const filter = memory.allocate(9 * wordOctets);
	const hits = memory.allocate(patterns.length * wordOctets);
	const stamps = memory.allocate(patterns.length * wordOctets);
	const rows = memory.allocate(patterns.length * 3 * wordOctets);
	const long: Member[] = [];
	const middle: Member[] = [];
	const short: Member[] = [];
	for (const [pattern, octets] of patterns.entries()) {
		const { length } = octets;
		const [list, piece, sample] =
			length >= longPieceOctets
				? [long, longPieceOctets, longSampleOctets]
				: length >= middlePieceOctets
					? [middle, middlePieceOctets, middleSampleOctets]
					: [short, length, length];
		const lower = Uint8Array.from(octets, (octet) => (octet >= 0x41 && octet <= 0x5a ? octet | caseBit : octet));
		const start = list === short ? 0 : unusualPiece(lower, piece, sample);
		list.push({ pattern, piece: lower.subarray(start, start + piece) });
		const address = memory.allocate(length);
		memory.octets.set(lower, address);
		memory.words.set([address, length, start], rows / wordOctets + 3 * pattern);
	}
	const classes = [
		writeSamples(memory, long, longPieceOctets, longSampleOctets),
		writeSamples(memory, middle, middlePieceOctets, middleSampleOctets),
		writeShort(memory, short),
	];
	memory.words.set([0, hits, stamps, 0, rows, ...classes], filter / wordOctets);
	return { filter, hits, hasLong: long.length > 0 };
}

interface Member {
	readonly pattern: number;
	readonly piece: Uint8Array;
}

/** Pieces of one length, known by the samples of so many octets in them. */
function writeSamples(memory: SearchMemory, members: readonly Member[], length: number, sample: number): number {
	if (members.length === 0) return 0;
	const step = length - sample + 1;
	const mask = sample === 4 ? -1 : (1 << (8 * sample)) - 1;
	const entries = members.flatMap((member) =>
		Array.from({ length: step }, (_, back) => ({ ...member, back, key: keyOf(member.piece, back, mask) })),
	);
	const bitsLog = clamp(Math.ceil(Math.log2(entries.length * bitsPerSample)), 10, 20);
	const bits = memory.allocate(2 ** bitsLog / 8);
	const wordShift = 32 - (bitsLog - 5) - 2;
	for (const { key } of entries) {
		const word = (bits + ((key >>> wordShift) & -wordOctets)) / wordOctets;
		memory.words[word] = (memory.words[word] as number) | (1 << (key & 31));
	}
	const bucketShift = 32 - clamp(Math.ceil(Math.log2(entries.length)), 4, 20);
	const buckets = memory.allocate(((1 << (32 - bucketShift)) + 1) * wordOctets);
	entries.sort((a, b) => (a.key >>> bucketShift) - (b.key >>> bucketShift));
	const list = memory.allocate(entries.length * entryOctets);
	let bucket = 0;
	for (const [index, { pattern, piece, back, key }] of entries.entries()) {
		const address = list + index * entryOctets;
		for (; bucket <= key >>> bucketShift; bucket++) memory.words[buckets / wordOctets + bucket] = address;
		for (const [at, octet] of piece.entries()) memory.octets[address + at] = octet | caseBit;
		memory.words.set([pattern, back], address / wordOctets + 2);
	}
	memory.words.fill(
		list + entries.length * entryOctets,
		buckets / wordOctets + bucket,
		buckets / wordOctets + (1 << (32 - bucketShift)) + 1,
	);
	const address = memory.allocate(12 * wordOctets);
	const pieceMask = length === longPieceOctets ? [-1, -1] : [-1, 0];
	const flags = sample === middleSampleOctets ? writeFlags(memory, entries) : [0, 0];
	memory.words.set(
		[bits, wordShift, mask, step, buckets, bucketShift, sample, length, ...pieceMask, ...flags],
		address / wordOctets,
	);
	return address;
}

/** An octet by some bits of a key that is made of eight samples at once: 1 where some piece has one. */
function writeFlags(
	memory: SearchMemory,
	entries: readonly { readonly piece: Uint8Array; readonly back: number }[],
): [number, number] {
	const log = clamp(Math.ceil(Math.log2(entries.length * flagsPerSample)), 10, 16);
	const flags = memory.allocate(2 ** log);
	for (const { piece, back } of entries) {
		const octet = (at: number) => (piece[back + at] as number) | caseBit;
		const key = Math.imul(octet(0) | (octet(1) << 8), pairMultiplier) + Math.imul(octet(2), thirdMultiplier);
		memory.octets[flags + ((key & 0xffff) >>> (16 - log))] = 1;
	}
	return [flags, 16 - log];
}

/** The same as `key` in `search-text.ts`. */
function keyOf(piece: Uint8Array, at: number, mask: number): number {
	const octet = (index: number) => (piece[at + index] ?? 0) | caseBit;
	const word = octet(0) | (octet(1) << 8) | (octet(2) << 16) | (octet(3) << 24);
	return Math.imul(word & mask, multiplier) >>> 0;
}

/** Patterns of one to three octets. */
function writeShort(memory: SearchMemory, members: readonly Member[]): number {
	if (members.length === 0) return 0;
	const sorted = members
		.map(({ pattern, piece }) => ({ pattern, piece: piece.map((octet) => octet | caseBit) }))
		.sort((a, b) => Buffer.compare(a.piece, b.piece));
	const list = memory.allocate(sorted.length * entryOctets);
	const address = memory.allocate(groupOctets + 257 * wordOctets);
	const starts = (address + groupOctets) / wordOctets;
	let first = 0;
	for (const [index, { pattern, piece }] of sorted.entries()) {
		const entry = list + index * entryOctets;
		for (; first <= (piece[0] as number); first++) memory.words[starts + first] = entry;
		memory.octets.set(piece, entry);
		memory.words.set([(1 << (8 * piece.length)) - 1, pattern, piece.length], entry / wordOctets + 1);
		markGroup(memory.octets, address, 1 << Math.floor((8 * index) / sorted.length), piece);
	}
	memory.words.fill(list + sorted.length * entryOctets, starts + first, starts + 257);
	return address;
}

/** Adds a pattern to one of eight groups: by the halves of its first octet, and of its second where it has one. */
function markGroup(octets: Uint8Array, address: number, group: number, piece: Uint8Array): void {
	const add = (at: number) => {
		octets[address + at] = (octets[address + at] as number) | group;
	};
	const [first = 0, second] = piece;
	add(first & 15);
	add(16 + (first >> 4));
	for (let half = 0; half < 16; half++) {
		if (second === undefined || half === (second & 15)) add(32 + half);
		if (second === undefined || half === second >> 4) add(48 + half);
	}
}

function clamp(value: number, least: number, most: number): number {
	return Math.min(Math.max(value, least), most);
}

/** Pieces of so many octets are searched for in long streams, too. */
export const longPieceOctets = 8;
const longSampleOctets = 4;
const middlePieceOctets = 4;
const middleSampleOctets = 3;
const bitsPerSample = 64;
const flagsPerSample = 64;
const wordOctets = 4;
const entryOctets = 16;
const groupOctets = 64;
const caseBit = 0x20;
/** Knuth's multiplier for hashing by multiplication. */
const multiplier = 0x9e37_79b1 | 0;
