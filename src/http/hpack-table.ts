/** The tables that HPACK indices point into: the static one and each direction's dynamic one (RFC 7541 §2.3, §4). */
import type { Header } from "#http/head.ts";

/** A field and whether it may enter a table; one that may not must stay so on every hop (RFC 7541 §7.1.3). */
export interface HpackField extends Header {
	readonly isNeverIndexed: boolean;
}

/** What an entry weighs in a table or list (RFC 7541 §4.1). */
export function fieldSize(name: string, value: string): number {
	return name.length + value.length + fieldOverhead;
}

/** The dynamic table of one direction: newest first, oldest evicted. Bounds: `capacity` octets as `fieldSize` counts. */
export class DynamicTable {
	/** A ring; `#newest` is where index 0 lies. */
	#ring: (HpackField | undefined)[] = new Array(16).fill(undefined);
	#newest = 0;
	#count = 0;
	#size = 0;
	#capacity: number;
	#inserted = 0;

	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	get count(): number {
		return this.#count;
	}

	get size(): number {
		return this.#size;
	}

	get capacity(): number {
		return this.#capacity;
	}

	/** Entries ever added; the entry added as number n has the index `inserted - n`. */
	get inserted(): number {
		return this.#inserted;
	}

	/** The entry that was added `index` entries ago, 0 for the newest. */
	at(index: number): HpackField | undefined {
		if (index >= this.#count) return undefined;
		return this.#ring[(this.#newest + index) % this.#ring.length];
	}

	setCapacity(capacity: number): void {
		this.#capacity = capacity;
		this.#evict(capacity);
	}

	/** Adds an entry; one that is larger than the table empties it and is not added (RFC 7541 §4.4). */
	add(field: HpackField): boolean {
		const size = fieldSize(field.name, field.value);
		this.#evict(Math.max(0, this.#capacity - size));
		if (size > this.#capacity) return false;
		if (this.#count === this.#ring.length) this.#grow();
		this.#newest = (this.#newest + this.#ring.length - 1) % this.#ring.length;
		this.#ring[this.#newest] = field;
		this.#count++;
		this.#size += size;
		this.#inserted++;
		return true;
	}

	#evict(size: number): void {
		while (this.#size > size) {
			const oldest = (this.#newest + this.#count - 1) % this.#ring.length;
			const { name, value } = this.#ring[oldest] as HpackField;
			this.#ring[oldest] = undefined;
			this.#count--;
			this.#size -= fieldSize(name, value);
		}
	}

	#grow(): void {
		const larger: (HpackField | undefined)[] = new Array(this.#ring.length * 2).fill(undefined);
		for (let index = 0; index < this.#count; index++) larger[index] = this.at(index);
		this.#ring = larger;
		this.#newest = 0;
	}
}

const fieldOverhead = 32;

/** RFC 7541 appendix A; index 1 is the first. */
export const staticTable: readonly HpackField[] = [
	[":authority"],
	[":method", "GET"],
	[":method", "POST"],
	[":path", "/"],
	[":path", "/index.html"],
	[":scheme", "http"],
	[":scheme", "https"],
	[":status", "200"],
	[":status", "204"],
	[":status", "206"],
	[":status", "304"],
	[":status", "400"],
	[":status", "404"],
	[":status", "500"],
	["accept-charset"],
	["accept-encoding", "gzip, deflate"],
	["accept-language"],
	["accept-ranges"],
	["accept"],
	["access-control-allow-origin"],
	["age"],
	["allow"],
	["authorization"],
	["cache-control"],
	["content-disposition"],
	["content-encoding"],
	["content-language"],
	["content-length"],
	["content-location"],
	["content-range"],
	["content-type"],
	["cookie"],
	["date"],
	["etag"],
	["expect"],
	["expires"],
	["from"],
	["host"],
	["if-match"],
	["if-modified-since"],
	["if-none-match"],
	["if-range"],
	["if-unmodified-since"],
	["last-modified"],
	["link"],
	["location"],
	["max-forwards"],
	["proxy-authenticate"],
	["proxy-authorization"],
	["range"],
	["referer"],
	["refresh"],
	["retry-after"],
	["server"],
	["set-cookie"],
	["strict-transport-security"],
	["transfer-encoding"],
	["user-agent"],
	["vary"],
	["via"],
	["www-authenticate"],
].map(([name = "", value = ""]) => ({ name, value, isNeverIndexed: false }));
