/**
 * HPACK: the header compression of HTTP/2 (RFC 7541).
 *
 *   1xxxxxxx   indexed field                     (7-bit index)
 *   01xxxxxx   literal, added to the table       (6-bit name index or 0 and a name, then a value)
 *   001xxxxx   new size of the table             (5-bit size)
 *   0001xxxx   literal, never to be indexed      (4-bit name index …)
 *   0000xxxx   literal, not indexed              (4-bit name index …)
 *
 * Names and values are text with one char per octet. Both ends of a direction keep the same table, so an error is the
 * end of the connection.
 */

import { Writer } from "#base/bytes.ts";
import type { Header } from "#http/head.ts";
import { latin1 } from "#http/head-octets.ts";
import { DynamicTable, fieldSize, type HpackField, staticTable } from "#http/hpack-table.ts";
import { decodeHuffman, encodeHuffman, huffmanLength } from "#http/huffman.ts";

/** What `HpackDecoder.decode` answers. "too-large": a peer that repeats large entries, an HPACK bomb. */
export type HpackDecoded =
	| { readonly kind: "done"; readonly fields: readonly HpackField[] }
	| { readonly kind: "malformed"; readonly reason: string }
	| { readonly kind: "too-large"; readonly reason: string };

/** The decoder of one direction. Bounds: the table and one list. After an answer other than "done" it is spent. */
export class HpackDecoder {
	readonly #table = new DynamicTable(initialTableOctets);
	readonly #maxListOctets: number;
	#maxTableOctets = initialTableOctets;
	/** The peer has to tell a smaller table at the start of the next block. */
	#mustShrink = false;
	#octets: Uint8Array = noOctets;
	#at = 0;
	#problem = "";

	/** `maxListOctets`: size of a field list as RFC 9113 §6.5.2 counts it (SETTINGS_MAX_HEADER_LIST_SIZE). */
	constructor(maxListOctets: number) {
		this.#maxListOctets = maxListOctets;
		if (sharedText.length < maxListOctets) sharedText = Buffer.alloc(maxListOctets);
	}

	/** The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE; until then it is 4,096. */
	setMaxTableOctets(octets: number): void {
		this.#maxTableOctets = octets;
		if (octets < this.#table.capacity) this.#mustShrink = true;
	}

	/** The table size that the next block has to begin with, because a smaller one was acknowledged; -1 when none is due. */
	get dueTableOctets(): number {
		return this.#mustShrink ? this.#maxTableOctets : -1;
	}

	/** Decodes a whole field block: HEADERS or PUSH_PROMISE with all its CONTINUATION frames. */
	decode(block: Uint8Array): HpackDecoded {
		const fields: HpackField[] = [];
		this.#octets = block;
		this.#at = 0;
		this.#problem = "";
		let listOctets = 0;
		while (this.#at < block.length) {
			const first = block[this.#at] as number;
			if (first >> 5 === 1) {
				if (!this.#resize(fields.length > 0)) return { kind: "malformed", reason: this.#problem };
				continue;
			}
			if (this.#mustShrink) return { kind: "malformed", reason: "no smaller table size where one is due" };
			const field = first >= 0x80 ? this.#indexed() : this.#literal(first);
			if (field === undefined) return { kind: "malformed", reason: this.#problem };
			listOctets += fieldSize(field.name, field.value);
			if (listOctets > this.#maxListOctets) {
				return { kind: "too-large", reason: `a field list of more than ${this.#maxListOctets} octets` };
			}
			fields.push(field);
		}
		this.#octets = noOctets;
		return { kind: "done", fields };
	}

	#resize(isLate: boolean): boolean {
		const size = this.#integer(5);
		if (size === -1) return false;
		if (isLate) return this.#fails("a table size behind a field");
		if (size > this.#maxTableOctets) {
			return this.#fails(`a table size of ${size} octets; allowed are ${this.#maxTableOctets}`);
		}
		this.#table.setCapacity(size);
		this.#mustShrink = false;
		return true;
	}

	#indexed(): HpackField | undefined {
		const index = this.#integer(7);
		return index === -1 ? undefined : this.#entry(index);
	}

	#literal(first: number): HpackField | undefined {
		const isAdded = first >= 0x40;
		const nameIndex = this.#integer(isAdded ? 6 : 4);
		if (nameIndex === -1) return undefined;
		const name = nameIndex === 0 ? this.#string() : this.#entry(nameIndex)?.name;
		if (name === undefined) return undefined;
		const value = this.#string();
		if (value === undefined) return undefined;
		const field = { name, value, isNeverIndexed: first >> 4 === 1 };
		if (isAdded) this.#table.add(field);
		return field;
	}

	#entry(index: number): HpackField | undefined {
		const entry = index <= staticTable.length ? staticTable[index - 1] : this.#table.at(index - staticTable.length - 1);
		if (entry === undefined) this.#fails(`index ${index} points to no entry`);
		return entry;
	}

	/** An integer behind the prefix of `prefixBits` in the octet at hand; -1 when it is malformed (RFC 7541 §5.1). */
	#integer(prefixBits: number): number {
		const octets = this.#octets;
		const full = (1 << prefixBits) - 1;
		let value = (octets[this.#at++] as number) & full;
		if (value < full) return value;
		for (let shift = 0; shift <= maxIntegerShift; shift += 7) {
			if (this.#at === octets.length) {
				this.#short();
				return -1;
			}
			const octet = octets[this.#at++] as number;
			value += (octet & 0x7f) << shift;
			if (octet < 0x80) return value;
		}
		this.#fails("an integer that is too large");
		return -1;
	}

	#string(): string | undefined {
		const octets = this.#octets;
		if (this.#at === octets.length) return this.#short();
		const isCoded = (octets[this.#at] as number) >= 0x80;
		const length = this.#integer(7);
		if (length === -1) return undefined;
		const start = this.#at;
		if (length > octets.length - start) return this.#short();
		this.#at = start + length;
		if (!isCoded) return latin1(octets, start, this.#at);
		const count = decodeHuffman(octets, start, this.#at, sharedText);
		if (count !== -1 && count <= this.#maxListOctets) return latin1(sharedText, 0, count);
		this.#fails("a Huffman-coded string that is malformed or larger than a list may be");
		return undefined;
	}

	#short(): undefined {
		this.#problem = "the field block ends inside a field";
	}

	#fails(problem: string): false {
		this.#problem = problem;
		return false;
	}
}

/** The encoder of one direction. Bounds: the table, and one index entry for each of its entries. */
export class HpackEncoder {
	readonly #table = new DynamicTable(initialTableOctets);
	/** Number of insertion by name NUL value, and by name; a number too old points to nothing. */
	readonly #fieldNumbers = new Map<string, number>();
	readonly #nameNumbers = new Map<string, number>();
	readonly #maxTableOctets: number;
	/** The smallest and the last capacity that the next block has to tell. */
	#smallestCapacity = -1;
	#lastCapacity = -1;
	#out: Uint8Array = new Uint8Array(256);
	#length = 0;

	/** `maxTableOctets`: memory this side spends, whatever the peer allows. */
	constructor(maxTableOctets: number) {
		this.#maxTableOctets = maxTableOctets;
		this.setPeerTableOctets(initialTableOctets);
	}

	/** The peer's SETTINGS_HEADER_TABLE_SIZE. */
	setPeerTableOctets(octets: number): void {
		const capacity = Math.min(octets, this.#maxTableOctets);
		if (capacity === this.#table.capacity && this.#lastCapacity === -1) return;
		if (this.#smallestCapacity === -1 || capacity < this.#smallestCapacity) this.#smallestCapacity = capacity;
		this.#lastCapacity = capacity;
	}

	/** Encodes a field list as one block; the caller cuts it into frames. Names are lower-case already. */
	encode(fields: Iterable<Header & { readonly isNeverIndexed?: boolean }>): Uint8Array {
		this.#length = 0;
		this.#tellCapacity();
		for (const { name, value, isNeverIndexed } of fields) this.#field(name, value, isNeverIndexed === true);
		return this.#out.slice(0, this.#length);
	}

	/** RFC 7541 §4.2: the smallest size between two blocks, then the last one. */
	#tellCapacity(): void {
		if (this.#lastCapacity === -1) return;
		if (this.#smallestCapacity < this.#lastCapacity) {
			this.#table.setCapacity(this.#smallestCapacity);
			this.#integer(0x20, 5, this.#smallestCapacity);
		}
		this.#table.setCapacity(this.#lastCapacity);
		this.#integer(0x20, 5, this.#lastCapacity);
		this.#smallestCapacity = -1;
		this.#lastCapacity = -1;
	}

	#field(name: string, value: string, isNeverIndexed: boolean): void {
		const key = `${name}\0${value}`;
		if (!isNeverIndexed) {
			const index = staticFields.get(key) ?? this.#dynamicIndex(this.#fieldNumbers.get(key), name, value);
			if (index !== undefined) return this.#integer(0x80, 7, index);
		}
		const nameIndex = staticNames.get(name) ?? this.#dynamicIndex(this.#nameNumbers.get(name), name) ?? 0;
		const isAdded = !isNeverIndexed && mayRepeat(name) && fieldSize(name, value) <= this.#table.capacity;
		if (isAdded) this.#integer(0x40, 6, nameIndex);
		else this.#integer(isNeverIndexed ? 0x10 : 0, 4, nameIndex);
		if (nameIndex === 0) this.#string(name);
		this.#string(value);
		if (isAdded) this.#add(name, value, key);
	}

	/** The index of the entry added as `number`, when it is still in the table and is what is looked for. */
	#dynamicIndex(number: number | undefined, name: string, value?: string): number | undefined {
		if (number === undefined) return undefined;
		const age = this.#table.inserted - number;
		const entry = this.#table.at(age);
		if (entry?.name !== name || (value !== undefined && entry.value !== value)) return undefined;
		return staticTable.length + 1 + age;
	}

	#add(name: string, value: string, key: string): void {
		this.#table.add({ name, value, isNeverIndexed: false });
		this.#fieldNumbers.set(key, this.#table.inserted);
		this.#nameNumbers.set(name, this.#table.inserted);
		this.#forgetEvicted(this.#fieldNumbers);
		this.#forgetEvicted(this.#nameNumbers);
	}

	/** Drops numbers that are too old, once they are as many as the entries. */
	#forgetEvicted(numbers: Map<string, number>): void {
		const oldest = this.#table.inserted - this.#table.count;
		if (numbers.size <= 2 * this.#table.count + staleNumbers) return;
		for (const [key, number] of numbers) if (number <= oldest) numbers.delete(key);
	}

	#integer(first: number, prefixBits: number, value: number): void {
		this.#grow(6);
		const full = (1 << prefixBits) - 1;
		if (value < full) {
			this.#out[this.#length++] = first | value;
			return;
		}
		this.#out[this.#length++] = first | full;
		let rest = value - full;
		for (; rest >= 0x80; rest >>>= 7) this.#out[this.#length++] = (rest & 0x7f) | 0x80;
		this.#out[this.#length++] = rest;
	}

	#string(text: string): void {
		const coded = huffmanLength(text);
		const isCoded = coded < text.length;
		const length = isCoded ? coded : text.length;
		this.#integer(isCoded ? 0x80 : 0, 7, length);
		this.#grow(length);
		if (isCoded) encodeHuffman(text, this.#out, this.#length);
		else for (let index = 0; index < length; index++) this.#out[this.#length + index] = text.charCodeAt(index);
		this.#length += length;
	}

	#grow(more: number): void {
		const needed = this.#length + more;
		if (needed <= this.#out.length) return;
		const larger = new Uint8Array(Math.max(needed, this.#out.length * 2));
		larger.set(this.#out.subarray(0, this.#length));
		this.#out = larger;
	}
}

/**
 * Encodes fields so that neither end's table is touched: a block that may stand between the blocks of another encoder.
 * `dueTableOctets` as the decoder of that direction says it.
 */
export function encodeApart(fields: readonly Header[], dueTableOctets: number): Uint8Array {
	const writer = new Writer(256);
	if (dueTableOctets !== -1) writeInteger(writer, 0x20, 5, dueTableOctets);
	for (const { name, value } of fields) {
		writer.u8(0);
		for (const text of [name, value]) {
			writeInteger(writer, 0, 7, text.length);
			writer.bytes(Buffer.from(text, "latin1"));
		}
	}
	return writer.finish();
}

function writeInteger(writer: Writer, first: number, prefixBits: number, value: number): void {
	const full = (1 << prefixBits) - 1;
	if (value < full) return void writer.u8(first | value);
	writer.u8(first | full);
	let rest = value - full;
	for (; rest >= 0x80; rest >>>= 7) writer.u8((rest & 0x7f) | 0x80);
	writer.u8(rest);
}

/** Fields that differ in every message would only push others out of the table. */
function mayRepeat(name: string): boolean {
	return !oncePerMessage.has(name);
}

const oncePerMessage: ReadonlySet<string> = new Set([
	":path",
	"age",
	"content-length",
	"content-range",
	"date",
	"etag",
	"if-modified-since",
	"if-none-match",
	"last-modified",
	"location",
	"set-cookie",
]);

/** SETTINGS_HEADER_TABLE_SIZE before any setting (RFC 9113 §6.5.2). */
const initialTableOctets = 4_096;
/** Three octets behind the prefix: 2^21 and more, beyond every field list. */
const maxIntegerShift = 21;
const staleNumbers = 64;
const noOctets = new Uint8Array(0);
/** Where Huffman-coded strings are decoded to, as large as the largest list that is allowed. */
let sharedText = Buffer.alloc(0);

const staticFields = new Map<string, number>();
const staticNames = new Map<string, number>();
for (const [index, { name, value }] of staticTable.entries()) {
	staticFields.set(`${name}\0${value}`, index + 1);
	if (!staticNames.has(name)) staticNames.set(name, index + 1);
}
