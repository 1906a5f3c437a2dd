/**
 * A long list of domains that answers whether it covers a name, in little memory: the list's own octets and a table of
 * offsets into them. No string is made per entry.
 *
 *   name.example      that name
 *   *.name.example    every depth below it
 *   .name.example     both
 */
import { Buffer } from "node:buffer";

/** What matched, in words for the record: the list and its entry. */
export interface DomainHit {
	readonly entry: string;
	readonly value: string;
}

/**
 * Bounds: about 12 octets an entry besides its text; a look-up costs one probe per label of the name, whatever the number
 *         of entries. Text beyond 2 GiB is refused.
 */
export class DomainSet {
	/** What the list calls itself in records. */
	readonly entry: string;
	readonly #text: Uint8Array;
	/** Open addressing: offset of the line + 1; 0 is free. */
	readonly #slots: Uint32Array;
	readonly #mask: number;
	#size = 0;

	/** `text` holds one entry a line in lower case, as `readDomainList` and `domainSetOf` make it; it is kept, not copied. */
	constructor(entry: string, text: Uint8Array) {
		if (text.length > maxTextOctets)
			throw new Error(`${entry} has ${text.length} octets; at most ${maxTextOctets} fit`);
		this.entry = entry;
		this.#text = text;
		const slots = tableSize(countLines(text));
		this.#slots = new Uint32Array(slots);
		this.#mask = slots - 1;
		for (let start = 0; start < text.length; ) {
			const newline = text.indexOf(lineFeed, start);
			const end = newline === -1 ? text.length : newline;
			if (end > start) this.#insert(start, end);
			start = end + 1;
		}
	}

	/** Entries, each counted once. */
	get size(): number {
		return this.#size;
	}

	/** Memory that it holds. */
	get octets(): number {
		return this.#text.byteLength + this.#slots.byteLength;
	}

	/** The longest entry that covers the name (in normal form). */
	match(name: string): DomainHit | undefined {
		if (this.#size === 0 || name.length > longestName) return undefined;
		let hash = hashBegin;
		let labels = 0;
		for (let index = name.length - 1; index >= 0; index--) {
			const code = name.charCodeAt(index);
			if (code === dot) {
				labelStarts[labels] = index + 1;
				labelHashes[labels++] = hash;
			}
			hash = Math.imul(hash ^ code, hashPrime);
		}
		const whole = this.#find(name, 0, hash, star);
		if (whole !== undefined) return whole;
		while (labels-- > 0) {
			const hit = this.#find(name, labelStarts[labels] as number, labelHashes[labels] as number, 0);
			if (hit !== undefined) return hit;
		}
		return undefined;
	}

	#insert(start: number, end: number): void {
		const text = this.#text;
		const first = text[start] as number;
		const nameStart = start + prefixLength(first);
		let hash = hashBegin;
		for (let index = end - 1; index >= nameStart; index--) {
			hash = Math.imul(hash ^ (text[index] as number), hashPrime);
		}
		let slot = spread(hash) & this.#mask;
		for (let at = this.#slots[slot] as number; at !== 0; at = this.#slots[slot] as number) {
			if (this.#isSameLine(at - 1, start, end)) return;
			slot = (slot + 1) & this.#mask;
		}
		this.#slots[slot] = start + 1;
		this.#size++;
	}

	/**
	 * The entry for the name from `from` on. `unfit` is the first octet of entries that do not count here: of the whole name
	 * `*`, of its ends (0) those that begin with the name itself.
	 */
	#find(name: string, from: number, hash: number, unfit: number): DomainHit | undefined {
		let slot = spread(hash) & this.#mask;
		for (let at = this.#slots[slot] as number; at !== 0; at = this.#slots[slot] as number) {
			const first = this.#text[at - 1] as number;
			const fits = unfit === star ? first !== star : first === star || first === dot;
			if (fits && this.#isName(at - 1 + prefixLength(first), name, from)) {
				const prefix = first === star ? "*." : first === dot ? "." : "";
				return { entry: this.entry, value: `${prefix}${name.slice(from)}` };
			}
			slot = (slot + 1) & this.#mask;
		}
		return undefined;
	}

	#isName(start: number, name: string, from: number): boolean {
		const text = this.#text;
		const length = name.length - from;
		const behind = start + length;
		if (behind > text.length || (behind < text.length && text[behind] !== lineFeed)) return false;
		for (let index = 0; index < length; index++) {
			if (text[start + index] !== name.charCodeAt(from + index)) return false;
		}
		return true;
	}

	#isSameLine(other: number, start: number, end: number): boolean {
		const text = this.#text;
		for (let index = 0; index < end - start; index++) if (text[other + index] !== text[start + index]) return false;
		return text[other + end - start] === lineFeed;
	}
}

/** A set of a few patterns, as statements give them. */
export function domainSetOf(entry: string, patterns: readonly string[]): DomainSet {
	return new DomainSet(entry, Buffer.from(patterns.map((pattern) => `${pattern.toLowerCase()}\n`).join(""), "latin1"));
}

function prefixLength(first: number): number {
	return first === star ? 2 : first === dot ? 1 : 0;
}

/** At least twice the entries, so that probes stay short. */
function tableSize(entries: number): number {
	let size = 8;
	while (size < entries * 2) size *= 2;
	return size;
}

function countLines(text: Uint8Array): number {
	let lines = 1;
	for (let at = text.indexOf(lineFeed); at !== -1; at = text.indexOf(lineFeed, at + 1)) lines++;
	return lines;
}

/** Mixes the high bits into the low ones that choose the slot (the finalizer of MurmurHash3). */
function spread(hash: number): number {
	let mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
	return mixed ^ (mixed >>> 16);
}

const dot = 0x2e;
const star = 0x2a;
const lineFeed = 0x0a;
const hashBegin = 0x811c_9dc5 | 0;
const hashPrime = 0x0100_0193;
const longestName = 253;
const maxTextOctets = 2_147_483_648;
/** Of the look-up that runs; a look-up never waits. */
const labelStarts = new Uint32Array(longestName + 1);
const labelHashes = new Int32Array(longestName + 1);
