/**
 * The text of a message between its first octet and the line with a dot alone; dots that were put before others are taken away.
 *
 * Source: RFC 5321 §4.5.2, RFC 1939 §3.
 */

export interface DotRun {
	/** Where what follows begins: behind the end, or behind all octets. */
	readonly next: number;
	readonly isEnd: boolean;
	/** A dot stood alone in a line that is one to some programs and not to others (SMTP smuggling). */
	readonly isAmbiguous: boolean;
	readonly isStopped: boolean;
}

export class DotReader {
	#phase = lineStart;
	#isAmbiguous = false;

	/** Reads on from `start`; text goes to the sink, which answers true to stop. */
	read(octets: Uint8Array, start: number, sink: (text: Uint8Array) => boolean): DotRun {
		let from = start;
		/** Of the octets: where the next CR is. */
		let nextCr = -1;
		let phase = this.#phase;
		const tell = (end: number): boolean => end > from && sink(octets.subarray(from, end));
		for (let at = start; at < octets.length; at++) {
			if (phase === inLine) {
				if (nextCr < at) nextCr = indexOrEnd(octets, cr, at);
				at = Math.min(nextCr, indexOrEnd(octets, lf, at));
				if (at === octets.length) break;
			}
			const octet = octets[at];
			if (phase === dotCr) {
				if (octet === lf) return this.#run(at + 1, true, false);
				this.#isAmbiguous = true;
				// The CR belongs to the text after all.
				if (sink(crOnly)) return this.#run(at, false, true);
				from = at;
				phase = afterCr;
			} else if (phase === afterDot) {
				from = octet === cr ? at + 1 : at;
				this.#isAmbiguous ||= octet === lf;
				phase = octet === cr ? dotCr : inLine;
				if (octet === cr) continue;
			} else if (phase === lineStart && octet === dot) {
				if (tell(at)) return this.#run(at, false, true);
				from = at + 1;
				phase = afterDot;
				continue;
			}
			this.#isAmbiguous ||= phase === looseDot && (octet === cr || octet === lf);
			phase = after(phase, octet);
		}
		this.#phase = phase;
		return this.#run(octets.length, false, tell(octets.length));
	}

	#run(next: number, isEnd: boolean, isStopped: boolean): DotRun {
		const isAmbiguous = this.#isAmbiguous;
		if (isEnd) {
			this.#phase = lineStart;
			this.#isAmbiguous = false;
		}
		return { next, isEnd, isAmbiguous, isStopped };
	}
}

function after(phase: number, octet: number | undefined): number {
	if (octet === lf) return phase === afterCr ? lineStart : looseStart;
	if (octet === cr) return afterCr;
	return octet === dot && (phase === looseStart || phase === afterCr) ? looseDot : inLine;
}

function indexOrEnd(octets: Uint8Array, octet: number, from: number): number {
	const index = octets.indexOf(octet, from);
	return index === -1 ? octets.length : index;
}

/** Behind CR LF; behind a CR or LF that stood alone; and what may become of either. */
const lineStart = 0;
const looseStart = 1;
const inLine = 2;
const afterCr = 3;
const afterDot = 4;
const dotCr = 5;
const looseDot = 6;
/** The answer of a reader whose sink stopped, in place of how many octets it read. */
export const stopped = -1;
const cr = 0x0d;
const lf = 0x0a;
const dot = 0x2e;
const crOnly = Uint8Array.of(cr);
