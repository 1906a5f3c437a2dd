/**
 * Lines of a protocol whose lines may be as long as they like: of each its beginning and its end are kept.
 *
 * A line ends in LF, with a CR before it or without: nothing is decided by the difference here.
 *
 * Bounds: `maxHead` and `maxTail` octets.
 */

/** A line, without what ends it; one character an octet. Of a long one the middle is left out. */
export type LineText = string;

export class LineEnds {
	#head = "";
	#tail = "";
	#isLong = false;

	/** Nothing of a line is kept. */
	get isAtStart(): boolean {
		return this.#head === "";
	}

	/** Takes octets up to the end of a line, or all of them; answers how many, and the line when it is whole. */
	read(octets: Uint8Array, from: number): { readonly count: number; readonly line: LineText | undefined } {
		const end = octets.indexOf(lf, from);
		const stop = end === -1 ? octets.length : end + 1;
		this.#keep(octets, from, stop);
		if (end === -1) return { count: stop - from, line: undefined };
		const line = (this.#isLong ? `${this.#head} ${this.#tail}` : this.#head + this.#tail).replace(/\r?\n$/, "");
		this.#head = "";
		this.#tail = "";
		this.#isLong = false;
		return { count: stop - from, line };
	}

	#keep(octets: Uint8Array, from: number, end: number): void {
		const room = Math.min(maxHead - this.#head.length, end - from);
		if (room > 0) this.#head += latin1(octets, from, from + room);
		const rest = from + Math.max(0, room);
		if (rest >= end) return;
		const tail = this.#tail + latin1(octets, Math.max(rest, end - maxTail), end);
		if (tail.length > maxTail || end - rest > maxTail) this.#isLong = true;
		this.#tail = tail.slice(-maxTail);
	}
}

function latin1(octets: Uint8Array, start: number, end: number): string {
	return Buffer.from(octets.buffer, octets.byteOffset + start, end - start).toString("latin1");
}

const maxHead = 256;
const maxTail = 4_096;
const lf = 0x0a;
