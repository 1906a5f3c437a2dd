/**
 * One direction of a mail protocol, cut into lines that end in CR LF, and into runs of octets that are none (literals, message data).
 *
 * A CR or LF alone is refused: some servers take it for the end of a line and others do not, which is how one command is smuggled
 * inside another.
 */
import { OctetQueue } from "#base/octet-queue.ts";

export interface MailLine {
	/** With CR LF; a view. */
	readonly octets: Uint8Array;
	/** Without CR LF, one character an octet. */
	readonly text: string;
}

/** The longest line: SASL answers of 12,288 octets (RFC 4954 §4) and their command fit. */
export const maxMailLineOctets = 16_384;

/** Bounds: one line of `maxMailLineOctets` and the chunk at hand. Each octet is looked at once. */
export class LineBuffer {
	readonly #queue = new OctetQueue();
	/** How far the octets were searched for the end of a line. */
	#searched = 0;

	/** Why no line can be read any more. */
	problem: string | undefined;

	/** Octets that were pushed and not taken. */
	get length(): number {
		return this.#queue.length;
	}

	push(chunk: Uint8Array): void {
		this.#queue.push(chunk);
	}

	/** The next whole line; undefined when it is not all there, or `problem` says why there is none. */
	line(): MailLine | undefined {
		if (this.problem !== undefined) return undefined;
		const octets = this.#queue.octets;
		let at = this.#searched;
		while (at < octets.length && octets[at] !== cr && octets[at] !== lf && octets[at] !== 0) at++;
		this.#searched = at;
		if (at > maxMailLineOctets - 2) return this.#fail(`a line of more than ${maxMailLineOctets} octets`);
		if (at === octets.length) return undefined;
		if (octets[at] !== cr) return this.#fail(octets[at] === lf ? "LF without CR" : "NUL in a line");
		if (at + 1 === octets.length) return undefined;
		if (octets[at + 1] !== lf) return this.#fail("CR without LF");
		const line = this.take(at + 2);
		return { octets: line, text: Buffer.from(line.buffer, line.byteOffset, at).toString("latin1") };
	}

	/** At most so many of the next octets, as they are; a view. */
	take(count: number): Uint8Array {
		this.#searched = 0;
		return this.#queue.take(count);
	}

	/** What is held, to be looked at. */
	peek(): Uint8Array {
		return this.#queue.octets;
	}

	#fail(reason: string): undefined {
		this.problem = reason;
	}
}

const cr = 0x0d;
const lf = 0x0a;
