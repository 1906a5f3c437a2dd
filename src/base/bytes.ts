/**
 * Reading and writing octets in network order, and the answer every decoder gives.
 *
 * A decoder never throws on its input and never reads past it: `Reader` turns the first read past the end into a
 * sticky failure, and the decoder asks once at the end.
 */

/** What a decoder answers. `octets` is how many of the input's octets the value took. */
export type Decoded<T> =
	| { readonly kind: "done"; readonly value: T; readonly octets: number }
	| { readonly kind: "need-more" }
	| { readonly kind: "malformed"; readonly reason: string };

/** Not enough octets yet; the one instance that decoders share. */
export const needMore: Decoded<never> = { kind: "need-more" };

/** The value was read; `octets` of the input belong to it. */
export function done<T>(value: T, octets: number): Decoded<T> {
	return { kind: "done", value, octets };
}

/** The octets can never become a value. `reason` names the field, what was expected and what was found. */
export function malformed(reason: string): Decoded<never> {
	return { kind: "malformed", reason };
}

/**
 * Reads big-endian fields from a view. A read past the end gives zero or an empty view and sets `isShort` for good,
 * so a decoder checks once instead of at every field.
 */
export class Reader {
	readonly octets: Uint8Array;
	position: number;
	readonly end: number;
	isShort = false;

	constructor(octets: Uint8Array, start = 0, end = octets.length) {
		this.octets = octets;
		this.position = start;
		this.end = end;
	}

	get remaining(): number {
		return this.end - this.position;
	}

	u8(): number {
		if (!this.#has(1)) return 0;
		return this.octets[this.position++] as number;
	}

	u16(): number {
		if (!this.#has(2)) return 0;
		const { octets, position } = this;
		this.position += 2;
		return ((octets[position] as number) << 8) | (octets[position + 1] as number);
	}

	u24(): number {
		if (!this.#has(3)) return 0;
		const { octets, position } = this;
		this.position += 3;
		return (
			((octets[position] as number) << 16) | ((octets[position + 1] as number) << 8) | (octets[position + 2] as number)
		);
	}

	u32(): number {
		if (!this.#has(4)) return 0;
		return this.u16() * 0x1_0000 + this.u16();
	}

	/** A view of the next `length` octets, not a copy. */
	take(length: number): Uint8Array {
		if (!this.#has(length)) return empty;
		const view = this.octets.subarray(this.position, this.position + length);
		this.position += length;
		return view;
	}

	/** A reader over the next `length` octets; this one moves past them. */
	sub(length: number): Reader {
		if (!this.#has(length)) return new Reader(empty);
		const inner = new Reader(this.octets, this.position, this.position + length);
		this.position += length;
		return inner;
	}

	#has(length: number): boolean {
		if (length <= this.end - this.position) return true;
		this.isShort = true;
		this.position = this.end;
		return false;
	}
}

/** Writes big-endian fields into a buffer that grows. Used to set messages up, not per packet. */
export class Writer {
	#buffer: Uint8Array;
	#length = 0;

	constructor(capacity = 256) {
		this.#buffer = new Uint8Array(capacity);
	}

	get length(): number {
		return this.#length;
	}

	u8(value: number): this {
		this.#grow(1);
		this.#buffer[this.#length++] = value;
		return this;
	}

	u16(value: number): this {
		return this.u8(value >>> 8).u8(value);
	}

	u24(value: number): this {
		return this.u8(value >>> 16).u16(value);
	}

	u32(value: number): this {
		return this.u16(Math.floor(value / 0x1_0000)).u16(value % 0x1_0000);
	}

	bytes(octets: Uint8Array): this {
		this.#grow(octets.length);
		this.#buffer.set(octets, this.#length);
		this.#length += octets.length;
		return this;
	}

	/** Writes a length field of `size` octets (1 to 3) before whatever `body` writes. */
	prefixed(size: 1 | 2 | 3, body: (writer: this) => void): this {
		const at = this.#length;
		this.#grow(size);
		this.#length += size;
		body(this);
		let length = this.#length - at - size;
		for (let index = size - 1; index >= 0; index--) {
			this.#buffer[at + index] = length & 0xff;
			length >>>= 8;
		}
		if (length !== 0) throw new RangeError(`a body longer than a ${size}-octet length field can say`);
		return this;
	}

	/** A copy of what was written. */
	finish(): Uint8Array {
		return this.#buffer.slice(0, this.#length);
	}

	#grow(more: number): void {
		const needed = this.#length + more;
		if (needed <= this.#buffer.length) return;
		const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
		larger.set(this.#buffer.subarray(0, this.#length));
		this.#buffer = larger;
	}
}

/** One array of all the parts, in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const whole = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

/** True when both hold the same octets. Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}

const empty = new Uint8Array(0);
