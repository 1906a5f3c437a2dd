/**
 * The Basic Encoding Rules as PKCS#7 and PKCS#12 files in use have them, turned into definite, minimal lengths.
 *
 * NSS, macOS and Windows write such containers with indefinite lengths and with strings in pieces. What is rewritten:
 * lengths, and a constructed OCTET STRING into one piece. Octets that are DER already come out as they were, so a
 * certificate inside keeps the octets that are signed.
 * Source: ITU-T X.690 §8.1.3, §8.7.3.
 */

import { concat, type Decoded, done, malformed } from "#base/bytes.ts";
import { derElement, derTag } from "#pki/der.ts";

/**
 * One element, rewritten.
 *
 * Bounds: 32 levels, 65,536 elements, 4 MiB; time and memory linear in octets and levels.
 */
export function normalizeBer(octets: Uint8Array): Decoded<Uint8Array> {
	if (octets.length > maxOctets) return malformed(`${octets.length} octets; at most ${maxOctets} are read`);
	const reader = new BerReader(octets);
	const element = reader.element(0);
	if (reader.reason === undefined && reader.position !== octets.length)
		return malformed(`${octets.length - reader.position} octets follow the file's content`);
	return reader.reason === undefined ? done(element, octets.length) : malformed(reader.reason);
}

/** Reads elements from one position on. The first violation sets `reason`; later reads give empty values. */
class BerReader {
	readonly #octets: Uint8Array;
	position = 0;
	reason: string | undefined;
	#elementsLeft = maxElements;

	constructor(octets: Uint8Array) {
		this.#octets = octets;
	}

	/** The element at the position, rewritten; the position moves past it. */
	element(depth: number): Uint8Array {
		const tag = this.#octet();
		const lengthOctet = this.#octet();
		if (depth > maxDepth) return this.#fail(`nested deeper than ${maxDepth}`);
		if (--this.#elementsLeft < 0) return this.#fail(`more than ${maxElements} elements`);
		if ((tag & 0x1f) === 0x1f) return this.#fail("tag numbers above 30 are not used here");
		const isConstructed = (tag & 0x20) !== 0;
		if (lengthOctet === 0x80) {
			if (!isConstructed) return this.#fail("a primitive element of indefinite length");
			return this.#rebuild(tag, this.#untilEnd(depth));
		}
		const length = this.#length(lengthOctet);
		const end = this.position + length;
		if (this.reason !== undefined || end > this.#octets.length)
			return this.#fail(`${length} octets announced, ${this.#octets.length - this.position} there`);
		if (!isConstructed) {
			const content = this.#octets.subarray(this.position, end);
			this.position = end;
			return derElement(tag, content);
		}
		const parts: Uint8Array[] = [];
		while (this.position < end && this.reason === undefined) parts.push(this.element(depth + 1));
		if (this.position > end) return this.#fail("an element is longer than the one around it");
		return this.#rebuild(tag, parts);
	}

	/** The elements up to the end-of-contents octets. */
	#untilEnd(depth: number): Uint8Array[] {
		const parts: Uint8Array[] = [];
		while (this.reason === undefined) {
			if (this.#octets[this.position] === 0 && this.#octets[this.position + 1] === 0) {
				this.position += 2;
				break;
			}
			parts.push(this.element(depth + 1));
		}
		return parts;
	}

	/** The pieces of a constructed OCTET STRING become one; any other element keeps its parts. */
	#rebuild(tag: number, parts: readonly Uint8Array[]): Uint8Array {
		// One argument: tens of thousands would not fit on the stack.
		if (tag !== (derTag.octetString | 0x20)) return derElement(tag, concat(parts));
		if (parts.some((part) => part[0] !== derTag.octetString))
			return this.#fail("a piece of an OCTET STRING is of another type");
		return derElement(derTag.octetString, concat(parts.map(contentOf)));
	}

	#length(first: number): number {
		if (first < 0x80) return first;
		const count = first - 0x80;
		if (count > 4) this.#fail(`a length of ${count} octets`);
		let length = 0;
		for (let index = 0; index < count && this.reason === undefined; index++) length = length * 256 + this.#octet();
		return length;
	}

	#octet(): number {
		const octet = this.#octets[this.position];
		if (octet === undefined) this.#fail("cut short");
		else this.position++;
		return octet ?? 0;
	}

	#fail(reason: string): Uint8Array {
		this.reason ??= reason;
		return empty;
	}
}

/** The content of an element with a minimal length. */
export function contentOf(element: Uint8Array): Uint8Array {
	const first = element[1] ?? 0;
	return element.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}

const maxOctets = 4_194_304;
const maxElements = 65_536;
const maxDepth = 32;
const empty = new Uint8Array(0);
