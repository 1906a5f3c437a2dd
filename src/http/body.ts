/**
 * The chunked framing of a body, read strictly in octets that come in any pieces (RFC 9112 §7.1).
 *
 *   *( chunk-size [ ";" chunk-ext ] CRLF chunk-data CRLF )  "0" [ ";" chunk-ext ] CRLF  trailer-section CRLF
 *
 * Bounds: four numbers of state; no allocation.
 */
import { describeOctet, fieldOctets, tokenOctets } from "#http/head-octets.ts";

export type ChunkResult = typeof chunkNeedMore | typeof chunkData | typeof chunkLast | typeof chunkRefused;
/** All octets were read; none of them is data that was not yet told. */
export const chunkNeedMore = 0;
/** `dataStart` to `dataEnd` is body; call again from `position`. */
export const chunkData = 1;
/** The last chunk's line is read; the trailer section begins at `position`. */
export const chunkLast = 2;
/** `reason` says why. */
export const chunkRefused = 3;

/** Reads one chunked body after the other; `begin` makes it ready for the next. */
export class ChunkedReader {
	#phase = firstDigit;
	#digits = 0;
	#size = 0;
	#lineOctets = 0;

	/** The first octet not yet read. */
	position = 0;
	dataStart = 0;
	dataEnd = 0;
	reason = "";

	begin(): void {
		this.#phase = firstDigit;
		this.#digits = 0;
		this.#size = 0;
		this.#lineOctets = 0;
	}

	/** Reads on from `octets[start]` up to the next thing to tell. */
	read(octets: Uint8Array, start: number, end: number): ChunkResult {
		let at = start;
		while (at < end) {
			const octet = octets[at] as number;
			switch (this.#phase) {
				case firstDigit:
				case moreDigits: {
					const digit = hexDigits[octet] as number;
					if (digit !== notHex) {
						if (++this.#digits > maxSizeDigits)
							return this.#refuse(`a chunk size of more than ${maxSizeDigits} digits`);
						this.#size = this.#size * 16 + digit;
						this.#phase = moreDigits;
						at++;
						break;
					}
					if (this.#phase === firstDigit)
						return this.#refuse(`octet ${describeOctet(octet)} where a chunk size begins`);
					if (octet === cr) this.#phase = sizeLf;
					else if (octet === semicolon) this.#phase = extensionName;
					else return this.#refuse(`octet ${describeOctet(octet)} in a chunk size`);
					at++;
					break;
				}
				case extensionName:
					if (octet !== 0x20 && octet !== 0x09) {
						if (tokenOctets[octet] !== 1)
							return this.#refuse(`octet ${describeOctet(octet)} in a chunk extension's name`);
						this.#phase = extension;
					}
					if (++this.#lineOctets > maxExtensionOctets) return this.#refuse(extensionTooLong);
					at++;
					break;
				case extension:
					if (octet === cr) this.#phase = sizeLf;
					else if (fieldOctets[octet] !== 1) return this.#refuse(`octet ${describeOctet(octet)} in a chunk extension`);
					if (++this.#lineOctets > maxExtensionOctets) return this.#refuse(extensionTooLong);
					at++;
					break;
				case sizeLf:
					if (octet !== lf) return this.#refuse("CR without LF behind a chunk size");
					at++;
					if (this.#size === 0) {
						this.position = at;
						return chunkLast;
					}
					this.#phase = data;
					break;
				case data: {
					const take = Math.min(this.#size, end - at);
					this.#size -= take;
					if (this.#size === 0) this.#phase = dataCr;
					this.dataStart = at;
					this.dataEnd = at + take;
					this.position = at + take;
					return chunkData;
				}
				case dataCr:
					if (octet !== cr) return this.#refuse(`octet ${describeOctet(octet)} behind chunk data; expected CR LF`);
					this.#phase = dataLf;
					at++;
					break;
				default:
					if (octet !== lf) return this.#refuse("CR without LF behind chunk data");
					this.begin();
					at++;
			}
		}
		this.position = at;
		return chunkNeedMore;
	}

	#refuse(reason: string): typeof chunkRefused {
		this.reason = reason;
		return chunkRefused;
	}
}

const cr = 0x0d;
const lf = 0x0a;
const semicolon = 0x3b;

const firstDigit = 0;
const moreDigits = 1;
const extensionName = 2;
const extension = 3;
const sizeLf = 4;
const data = 5;
const dataCr = 6;
const dataLf = 7;

/** 12 hexadecimal digits stay below 2^53 and hold every size that exists. */
const maxSizeDigits = 12;
/** Go's and HAProxy's bugs with endless extensions are the reason for a small bound. */
const maxExtensionOctets = 1_024;
const extensionTooLong = `a chunk extension longer than ${maxExtensionOctets} octets`;

const notHex = 255;
const hexDigits = Uint8Array.from({ length: 256 }, (_, octet) => {
	const text = String.fromCharCode(octet);
	return /^[0-9A-Fa-f]$/.test(text) ? Number.parseInt(text, 16) : notHex;
});
