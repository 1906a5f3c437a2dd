/**
 * Undoes Content-Transfer-Encoding as the octets come (RFC 2045 §6): base64 and quoted-printable; the others are what they seem.
 *
 * Lenient as mail programs are: characters that are none of base64 are passed over, padding may stand amid the text, an escape of
 * quoted-printable that is none stays as it is.
 */

/** Takes a run of decoded octets, valid during the call; true stops. */
export type DecodedSink = (octets: Uint8Array) => boolean;

export interface TransferDecoder {
	/** Decodes the next octets; true when the sink stopped. The sink may hear of them only by `flush`. */
	write(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean;
	/** Tells all that can be told by now: to be called before another decoder is written to. */
	flush(sink: DecodedSink): boolean;
	/** Nothing more will come. */
	end(sink: DecodedSink): boolean;
}

/** The decoder for a value of Content-Transfer-Encoding; "unknown" is base64 where the first octets can be nothing else. */
export function openTransferDecoder(encoding: string): TransferDecoder {
	if (encoding === "unknown") return new GuessingDecoder();
	if (encoding === "base64") return new Base64Decoder();
	return encoding === "quoted-printable" ? new QuotedPrintableDecoder() : new PlainDecoder();
}

class PlainDecoder implements TransferDecoder {
	write(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean {
		if (end - start < outputOctets) return output.putAll(octets, start, end, sink);
		return output.flush(sink) || sink(octets.subarray(start, end));
	}

	flush(sink: DecodedSink): boolean {
		return output.flush(sink);
	}

	end(sink: DecodedSink): boolean {
		return output.flush(sink);
	}
}

class Base64Decoder implements TransferDecoder {
	#bits = 0;
	#count = 0;

	write(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean {
		let bits = this.#bits;
		let count = this.#count;
		let at = start;
		while (at < end) {
			const room = output.room(sink);
			if (room === undefined) return true;
			const { octets: out } = output;
			let length = output.length;
			// Each octet in is at most one out.
			const stop = Math.min(end, at + room);
			for (; at < stop; at++) {
				const value = sextets[octets[at] as number] as number;
				if (value < padding) {
					bits = ((bits << 6) | value) & 0xffff;
					count += 6;
					if (count < 8) continue;
					count -= 8;
					out[length++] = bits >> count;
				} else if (value === padding) {
					// Behind padding another run may begin, as where two texts were put together.
					bits = 0;
					count = 0;
				}
			}
			output.length = length;
		}
		this.#bits = bits;
		this.#count = count;
		return false;
	}

	flush(sink: DecodedSink): boolean {
		return output.flush(sink);
	}

	end(sink: DecodedSink): boolean {
		return output.flush(sink);
	}
}

class QuotedPrintableDecoder implements TransferDecoder {
	/** What stands behind an equals sign so far. */
	#escape: number[] | undefined;

	write(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean {
		for (let at = start; at < end; at++) {
			const octet = octets[at] as number;
			if (this.#escape !== undefined) {
				if (this.#continue(this.#escape, octet, sink)) return true;
			} else if (octet === equals) this.#escape = [];
			else if (output.put(octet, sink)) return true;
		}
		return false;
	}

	flush(sink: DecodedSink): boolean {
		return output.flush(sink);
	}

	end(sink: DecodedSink): boolean {
		return (this.#escape !== undefined && this.#literally(this.#escape, sink)) || output.flush(sink);
	}

	#continue(behind: number[], octet: number, sink: DecodedSink): boolean {
		// A soft line break: white space before it is passed over.
		if (octet === lf && behind.every((one) => one === space || one === tab || one === cr)) {
			this.#escape = undefined;
			return false;
		}
		behind.push(octet);
		const isBreak = behind.length <= maxBreak && behind.every((one) => one === space || one === tab || one === cr);
		if (isBreak) return false;
		const [high = none, low] = behind.map(hexValue);
		if (low === undefined && high !== none) return false;
		if (low !== undefined && high !== none && low !== none) {
			this.#escape = undefined;
			return output.put((high << 4) | low, sink);
		}
		// No escape: the octet at hand may begin one.
		behind.pop();
		if (this.#literally(behind, sink)) return true;
		if (octet !== equals) return output.put(octet, sink);
		this.#escape = [];
		return false;
	}

	#literally(behind: readonly number[], sink: DecodedSink): boolean {
		this.#escape = undefined;
		return [equals, ...behind].some((octet) => output.put(octet, sink));
	}
}

/** Decides by the first `sampleOctets`, or by all there are. */
class GuessingDecoder implements TransferDecoder {
	#sample: number[] = [];
	#chosen: TransferDecoder | undefined;

	write(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean {
		let at = start;
		for (; this.#chosen === undefined && at < end; at++) {
			this.#sample.push(octets[at] as number);
			if (this.#sample.length === sampleOctets && this.#choose(sink)) return true;
		}
		return this.#chosen?.write(octets, at, end, sink) === true;
	}

	flush(sink: DecodedSink): boolean {
		return this.#chosen?.flush(sink) === true;
	}

	end(sink: DecodedSink): boolean {
		if (this.#chosen === undefined && this.#choose(sink)) return true;
		return this.#chosen?.end(sink) === true;
	}

	#choose(sink: DecodedSink): boolean {
		const sample = Uint8Array.from(this.#sample);
		const isBase64 = sample.every((octet) => sextets[octet] !== none || octet === cr || octet === lf);
		this.#chosen = openTransferDecoder(isBase64 ? "base64" : "");
		return this.#chosen.write(sample, 0, sample.length, sink);
	}
}

/** Where decoded octets stand until the sink has seen them. One for all: it is empty between two messages' turns. */
class Output {
	readonly octets = new Uint8Array(outputOctets);
	length = 0;

	put(octet: number, sink: DecodedSink): boolean {
		this.octets[this.length++] = octet;
		return this.length === outputOctets && this.flush(sink);
	}

	/** Fewer than `outputOctets`. */
	putAll(octets: Uint8Array, start: number, end: number, sink: DecodedSink): boolean {
		if (this.length + end - start > outputOctets && this.flush(sink)) return true;
		this.octets.set(octets.subarray(start, end), this.length);
		this.length += end - start;
		return this.length === outputOctets && this.flush(sink);
	}

	/** How many octets fit, some at least; undefined when the sink stopped. */
	room(sink: DecodedSink): number | undefined {
		if (this.length === outputOctets && this.flush(sink)) return undefined;
		return outputOctets - this.length;
	}

	flush(sink: DecodedSink): boolean {
		const { length } = this;
		this.length = 0;
		return length > 0 && sink(this.octets.subarray(0, length));
	}
}

function hexValue(octet: number): number {
	if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
	const letter = octet | 0x20;
	return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : none;
}

const outputOctets = 16_384;
const none = 255;
const padding = 254;
const equals = 0x3d;
const space = 0x20;
const tab = 0x09;
const cr = 0x0d;
const lf = 0x0a;
const maxBreak = 64;
const sampleOctets = 64;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const sextets = new Uint8Array(256).fill(none);
for (let value = 0; value < alphabet.length; value++) sextets[alphabet.charCodeAt(value)] = value;
sextets[equals] = padding;
const output = new Output();
