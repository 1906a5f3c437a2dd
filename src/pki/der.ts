/**
 * The Distinguished Encoding Rules, both ways: a strict reader and the functions that write one element each.
 *
 *     element = tag (1 octet) | length (1 to 5 octets) | content
 *     length  = 0..127 in one octet, or 0x80 + count followed by count big-endian octets without leading zero
 *
 * Strict means: definite and minimal lengths, low tag numbers only, minimal INTEGER and OBJECT IDENTIFIER, BOOLEAN of
 * 0x00 or 0xff, unused bits zero, times in UTC with seconds and without fraction. One rule is not enforced, because
 * certificates in use break it without harm: a field may be present with its DEFAULT value.
 * Source: ITU-T X.690 §8, §10, §11; RFC 5280 §4.1.2.5 for times.
 */

import { Buffer } from "node:buffer";
import { oidOctets, oidText, positiveOctets, signedOctets, timeText, timeValue } from "#pki/der-value.ts";

/** Tags in the form they have on the wire: class and constructed bit included. */
export const derTag = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	null: 0x05,
	oid: 0x06,
	enumerated: 0x0a,
	utf8String: 0x0c,
	numericString: 0x12,
	printableString: 0x13,
	teletexString: 0x14,
	ia5String: 0x16,
	utcTime: 0x17,
	generalizedTime: 0x18,
	visibleString: 0x1a,
	universalString: 0x1c,
	bmpString: 0x1e,
	sequence: 0x30,
	set: 0x31,
} as const;

/** The tag of context-specific `[number]`, primitive (IMPLICIT of a primitive type). */
export function contextTag(number: number): number {
	return 0x80 | number;
}

/** The tag of context-specific `[number]`, constructed (EXPLICIT, or IMPLICIT of a constructed type). */
export function contextTagConstructed(number: number): number {
	return 0xa0 | number;
}

/**
 * Reads elements one after another. The first violation sets `reason` for good, for this reader and every reader
 * opened from it or that it was opened from; later reads give empty values. So a decoder asks once, at the end.
 *
 * Bounds: no copies (values are views), at most 32 readers deep and 65,536 elements, work linear in the octets read.
 */
export class DerReader {
	readonly octets: Uint8Array;
	position: number;
	readonly end: number;
	readonly #depth: number;
	readonly #shared: { reason: string | undefined; elementsLeft: number };
	#contentStart = 0;
	#contentEnd = 0;

	constructor(octets: Uint8Array, start = 0, end = octets.length, parent?: DerReader) {
		this.octets = octets;
		this.position = start;
		this.end = end;
		this.#depth = parent === undefined ? 0 : parent.#depth + 1;
		this.#shared = parent === undefined ? { reason: undefined, elementsLeft: maxElements } : parent.#shared;
		if (this.#depth > maxDepth) this.fail(`nested deeper than ${maxDepth}`);
	}

	/** A reader without the bound on the number of elements, for lists that are known to be long and are not kept. */
	static unbounded(octets: Uint8Array): DerReader {
		const reader = new DerReader(octets);
		reader.#shared.elementsLeft = Number.POSITIVE_INFINITY;
		return reader;
	}

	/** Why the octets are refused; undefined while nothing is wrong. */
	get reason(): string | undefined {
		return this.#shared.reason;
	}

	/** True when every element was read, or reading stopped at a violation. */
	get isAtEnd(): boolean {
		return this.position >= this.end || this.#shared.reason !== undefined;
	}

	/** The tag of the next element, -1 at the end. */
	peek(): number {
		return this.isAtEnd ? -1 : (this.octets[this.position] as number);
	}

	/** Records a violation that the caller found. The first one stays. */
	fail(reason: string): void {
		this.#shared.reason ??= reason;
	}

	/** A reader over the content of the next element, which must have the tag. */
	open(tag: number, what: string): DerReader {
		if (!this.#header(tag, what)) return new DerReader(empty, 0, 0, this);
		this.position = this.#contentEnd;
		return new DerReader(this.octets, this.#contentStart, this.#contentEnd, this);
	}

	/** The content of the next element, which must have the tag. */
	content(tag: number, what: string): Uint8Array {
		if (!this.#header(tag, what)) return empty;
		this.position = this.#contentEnd;
		return this.octets.subarray(this.#contentStart, this.#contentEnd);
	}

	/** The next element whole, tag and length included, whatever its tag. */
	element(what: string): Uint8Array {
		const start = this.position;
		if (!this.#header(anyTag, what)) return empty;
		this.position = this.#contentEnd;
		return this.octets.subarray(start, this.#contentEnd);
	}

	/** Fails when an element is left. */
	close(what: string): void {
		if (this.position < this.end) this.fail(`${what}: ${this.end - this.position} octets follow its last field`);
	}

	boolean(what: string, tag: number = derTag.boolean): boolean {
		const content = this.content(tag, what);
		if (this.reason !== undefined) return false;
		if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
			this.fail(`${what}: BOOLEAN must be the one octet 0x00 or 0xff`);
		return content[0] === 0xff;
	}

	/** The content octets of an INTEGER, two's complement, minimal. */
	integer(what: string, tag: number = derTag.integer): Uint8Array {
		const content = this.content(tag, what);
		if (this.reason !== undefined) return empty;
		if (content.length === 0) this.fail(`${what}: INTEGER without octets`);
		else if (content.length > 1 && isRedundantSign(content[0] as number, content[1] as number))
			this.fail(`${what}: INTEGER is not minimal`);
		return content;
	}

	/** An INTEGER from 0 to `max`. */
	smallInteger(what: string, max = 0x7fff_ffff, tag: number = derTag.integer): number {
		const content = this.integer(what, tag);
		if (this.reason !== undefined) return 0;
		if (((content[0] as number) & 0x80) !== 0) this.fail(`${what}: INTEGER is negative`);
		let value = 0;
		for (const octet of content) value = value * 256 + octet;
		if (value > max) this.fail(`${what}: INTEGER is larger than ${max}`);
		return this.reason === undefined ? value : 0;
	}

	/** An OBJECT IDENTIFIER in dotted form. */
	oid(what: string, tag: number = derTag.oid): string {
		if (!this.#header(tag, what)) return "";
		this.position = this.#contentEnd;
		const text = oidText(this.octets, this.#contentStart, this.#contentEnd);
		if (text === undefined) this.fail(`${what}: OBJECT IDENTIFIER is not minimal, cut short or too long`);
		return text ?? "";
	}

	/** A BIT STRING whose bits fill whole octets, as keys and signatures do. */
	wholeBitString(what: string, tag: number = derTag.bitString): Uint8Array {
		const content = this.content(tag, what);
		if (this.reason !== undefined) return empty;
		if (content[0] !== 0) this.fail(`${what}: BIT STRING must have no unused bits`);
		return content.subarray(1);
	}

	/** A BIT STRING of named bits as a number: bit 0 of the type is 1, bit 1 is 2 and so on, up to bit 15. */
	namedBits(what: string, tag: number = derTag.bitString): number {
		const content = this.content(tag, what);
		if (this.reason !== undefined) return 0;
		const unused = content[0] ?? 8;
		const last = content[content.length - 1] as number;
		if (
			unused > 7 ||
			content.length > 3 ||
			(content.length === 1 && unused !== 0) ||
			(last & ((1 << unused) - 1)) !== 0
		)
			this.fail(`${what}: BIT STRING must have at most 16 bits and unused bits of zero`);
		let bits = 0;
		for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
			if (((content[1 + (bit >> 3)] as number) & (0x80 >> (bit & 7))) !== 0) bits |= 1 << bit;
		}
		return bits;
	}

	octetString(what: string, tag: number = derTag.octetString): Uint8Array {
		return this.content(tag, what);
	}

	enumerated(what: string): number {
		return this.smallInteger(what, 255, derTag.enumerated);
	}

	/** A UTCTime or GeneralizedTime in milliseconds since 1970. */
	time(what: string): number {
		const tag = this.peek() === derTag.generalizedTime ? derTag.generalizedTime : derTag.utcTime;
		const content = this.content(tag, what);
		if (this.reason !== undefined) return 0;
		const value = timeValue(content, tag === derTag.generalizedTime ? 4 : 2);
		if (value === undefined) {
			const form = tag === derTag.generalizedTime ? "YYYYMMDDHHMMSSZ" : "YYMMDDHHMMSSZ";
			this.fail(`${what}: time must be a date and time of the form ${form}`);
		}
		return value ?? 0;
	}

	/** A GeneralizedTime, where UTCTime is not allowed (OCSP). */
	generalizedTime(what: string, tag: number = derTag.generalizedTime): number {
		const content = this.content(tag, what);
		if (this.reason !== undefined) return 0;
		const value = timeValue(content, 4);
		if (value === undefined) this.fail(`${what}: time must be a date and time of the form YYYYMMDDHHMMSSZ`);
		return value ?? 0;
	}

	/** Reads tag and length; leaves the position at the tag and the content's bounds in the fields. */
	#header(expected: number, what: string): boolean {
		if (this.#shared.reason !== undefined) return false;
		const { octets, position, end } = this;
		if (--this.#shared.elementsLeft < 0) return this.#refuse(`${what}: more than ${maxElements} elements`);
		if (end - position < 2) return this.#refuse(`${what}: missing or cut short`);
		const tag = octets[position] as number;
		if (expected !== anyTag && tag !== expected)
			return this.#refuse(`${what}: expected tag ${hex(expected)}, got ${hex(tag)}`);
		if ((tag & 0x1f) === 0x1f) return this.#refuse(`${what}: tag numbers above 30 are not used here`);
		let length = octets[position + 1] as number;
		let start = position + 2;
		if (length >= 0x80) {
			const count = length - 0x80;
			if (count === 0) return this.#refuse(`${what}: indefinite length`);
			if (count > 4 || end - start < count) return this.#refuse(`${what}: length of ${count} octets`);
			length = 0;
			for (let index = 0; index < count; index++) length = length * 256 + (octets[start++] as number);
			if (length < 0x80 || length < 2 ** (8 * (count - 1))) return this.#refuse(`${what}: length is not minimal`);
		}
		if (length > end - start) return this.#refuse(`${what}: ${length} octets announced, ${end - start} there`);
		this.#contentStart = start;
		this.#contentEnd = start + length;
		return true;
	}

	#refuse(reason: string): false {
		this.fail(reason);
		return false;
	}
}

/** One element with this tag; the parts, in order, are its content. */
export function derElement(tag: number, ...parts: Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const lengthOctets = length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5;
	const element = new Uint8Array(1 + lengthOctets + length);
	element[0] = tag;
	if (lengthOctets === 1) element[1] = length;
	else {
		element[1] = 0x7f + lengthOctets;
		let rest = length;
		for (let index = lengthOctets; index > 1; index--) {
			element[index] = rest & 0xff;
			rest >>>= 8;
		}
	}
	let at = 1 + lengthOctets;
	for (const part of parts) {
		element.set(part, at);
		at += part.length;
	}
	return element;
}

export function derSequence(...parts: Uint8Array[]): Uint8Array {
	return derElement(derTag.sequence, ...parts);
}

/** SET OF: the elements in the order that DER demands. */
export function derSetOf(...elements: Uint8Array[]): Uint8Array {
	return derElement(derTag.set, ...elements.sort(Buffer.compare));
}

export function derBoolean(value: boolean): Uint8Array {
	return derElement(derTag.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

/** A whole number, or big-endian octets that are read as a positive number. */
export function derInteger(value: number | bigint | Uint8Array, tag: number = derTag.integer): Uint8Array {
	return derElement(tag, value instanceof Uint8Array ? positiveOctets(value) : signedOctets(BigInt(value)));
}

export function derEnumerated(value: number): Uint8Array {
	return derInteger(value, derTag.enumerated);
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function derOid(dotted: string, tag: number = derTag.oid): Uint8Array {
	return derElement(tag, oidOctets(dotted));
}

/** A BIT STRING of whole octets. */
export function derBitString(octets: Uint8Array, tag: number = derTag.bitString): Uint8Array {
	return derElement(tag, Uint8Array.of(0), octets);
}

/** A BIT STRING of named bits (bit 0 of the type is 1), without trailing zero bits (X.690 §11.2.2). */
export function derNamedBits(bits: number, tag: number = derTag.bitString): Uint8Array {
	if (bits === 0) return derElement(tag, Uint8Array.of(0));
	const highest = 31 - Math.clz32(bits);
	const octets = new Uint8Array(2 + (highest >> 3));
	octets[0] = 7 - (highest & 7);
	for (let bit = 0; bit <= highest; bit++) {
		if ((bits & (1 << bit)) !== 0) octets[1 + (bit >> 3)] = (octets[1 + (bit >> 3)] as number) | (0x80 >> (bit & 7));
	}
	return derElement(tag, octets);
}

export function derOctetString(...parts: Uint8Array[]): Uint8Array {
	return derElement(derTag.octetString, ...parts);
}

export function derNull(): Uint8Array {
	return Uint8Array.of(derTag.null, 0);
}

export function derUtf8String(text: string): Uint8Array {
	return derElement(derTag.utf8String, Buffer.from(text, "utf8"));
}

export function derPrintableString(text: string): Uint8Array {
	return derElement(derTag.printableString, Buffer.from(text, "latin1"));
}

export function derIa5String(text: string): Uint8Array {
	return derElement(derTag.ia5String, Buffer.from(text, "latin1"));
}

/** UTCTime through 2049, GeneralizedTime before 1950 and from 2050 on (RFC 5280 §4.1.2.5). Fractions are cut. */
export function derTime(milliseconds: number): Uint8Array {
	const text = timeText(milliseconds);
	const year = Number(text.slice(0, 4));
	if (year < 1950 || year > 2049) return derGeneralizedTime(milliseconds);
	return derElement(derTag.utcTime, Buffer.from(text.slice(2), "latin1"));
}

export function derGeneralizedTime(milliseconds: number, tag: number = derTag.generalizedTime): Uint8Array {
	return derElement(tag, Buffer.from(timeText(milliseconds), "latin1"));
}

/** `[number] EXPLICIT`, and `[number] IMPLICIT` of a constructed type when the parts are that type's content. */
export function derConstructed(number: number, ...parts: Uint8Array[]): Uint8Array {
	return derElement(contextTagConstructed(number), ...parts);
}

function isRedundantSign(first: number, second: number): boolean {
	return (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80);
}

function hex(tag: number): string {
	return `0x${tag.toString(16).padStart(2, "0")}`;
}

const anyTag = -1;
const maxDepth = 32;
const maxElements = 65_536;
const empty = new Uint8Array(0);
