/**
 * Reads a message as its octets come: heads, and bodies with their transfer encoding undone, nested as they are (RFC 2045, RFC 2046).
 *
 *     head, empty line, body
 *     body of a multipart = anything, "--boundary" line, part, "--boundary" line, part, "--boundary--" line, anything
 *     body of message/rfc822 = another message
 *
 * Bounds: one head of `maxHeadOctets`, one line of `maxLineOctets` that may be a boundary, `maxDepth` parts in each other, `maxParts`
 * parts; what is beyond is a body that is not decoded.
 */
import { stopped } from "#mail/dot-reader.ts";
import { type PartHead, readPartHead } from "#mail/part-head.ts";
import { openTransferDecoder, type TransferDecoder } from "#mail/transfer-decoder.ts";

/** What is told of a message. Each answers true to stop; octets are valid during the call. */
export interface MimeSink {
	/** `text` is the head as it stands, one character an octet. */
	partHead(head: PartHead, text: string): boolean;
	/** Of the part whose head was told last, decoded. */
	partOctets(octets: Uint8Array): boolean;
	/** Only of parts that have a body of their own: not of a multipart. */
	partEnd(): boolean;
}

export class MimeReader {
	readonly #sink: MimeSink;
	readonly #boundaries: string[] = [];
	#state: "head" | "body" | "between" = "head";
	#head: Uint8Array[] = [];
	#headOctets = 0;
	/** The beginning of a line while it may be a boundary, or a line of a head. */
	#line: number[] = [];
	/** The line at hand is no boundary. */
	#isPlainLine = false;
	/** The end of the line before: it belongs to a boundary that follows. */
	#held: Uint8Array = nothing;
	#decoder: TransferDecoder = openTransferDecoder("");
	#depth = 0;
	#parts = 0;
	#isInPart = false;
	readonly #toSink = (octets: Uint8Array): boolean => this.#sink.partOctets(octets);

	constructor(sink: MimeSink) {
		this.#sink = sink;
	}

	/** A body without a head, encoded in this way. */
	static ofBody(sink: MimeSink, encoding: string): MimeReader {
		const reader = new MimeReader(sink);
		reader.#decoder = openTransferDecoder(encoding);
		reader.#state = "body";
		reader.#isInPart = true;
		return reader;
	}

	/** Reads on; true when the sink stopped. */
	write(octets: Uint8Array): boolean {
		return this.#read(octets) || this.#decoder.flush(this.#toSink);
	}

	#read(octets: Uint8Array): boolean {
		let at = 0;
		while (at < octets.length) {
			if (this.#state === "body" && this.#boundaries.length === 0) return this.#emit(octets, at, octets.length);
			const next = this.#isPlainLine ? this.#restOfLine(octets, at) : this.#lineStart(octets, at);
			if (next === stopped) return true;
			at = next;
		}
		return false;
	}

	/** The message is over. */
	end(): boolean {
		if (this.#line.length > 0 && this.#lineRead(nothing)) return true;
		if (this.#state === "head" && this.#headOctets > 0 && this.#headRead()) return true;
		return this.#emitHeld() || this.#partOver();
	}

	/** Gathers the line until it is whole, or cannot be a boundary. */
	#lineStart(octets: Uint8Array, from: number): number {
		const first = octets[from];
		if (this.#state !== "head" && this.#line.length === 0 && first !== dash && first !== cr && first !== lf) {
			if (this.#emitHeld()) return stopped;
			this.#isPlainLine = true;
			return from;
		}
		for (let at = from; at < octets.length; at++) {
			const octet = octets[at] as number;
			if (octet === lf) {
				const isCr = this.#line.at(-1) === cr;
				if (isCr) this.#line.pop();
				return this.#lineRead(isCr ? crLf : lfOnly) ? stopped : at + 1;
			}
			this.#line.push(octet);
			const isLong = this.#line.length > maxLineOctets;
			if (this.#state === "head" ? !isLong : !isLong && mayBeBoundary(this.#line)) continue;
			return this.#plainLine() ? stopped : at + 1;
		}
		return octets.length;
	}

	/** The line goes on as what it is; true when the sink stopped. */
	#plainLine(): boolean {
		const isCr = this.#line.at(-1) === cr;
		const line = Uint8Array.from(this.#line);
		this.#line = [];
		// A line without end makes what would be a head a body.
		if (this.#state === "head" && this.#headRead()) return true;
		this.#isPlainLine = true;
		if (this.#emitHeld() || this.#emit(line, 0, isCr ? line.length - 1 : line.length)) return true;
		if (isCr) this.#held = crOnly;
		return false;
	}

	#restOfLine(octets: Uint8Array, from: number): number {
		const end = octets.indexOf(lf, from);
		if (end === from) this.#held = this.#held === crOnly ? crLf : lfOnly;
		else {
			const stop = end === -1 ? octets.length : end;
			// A CR at the end of the chunk may belong to the LF that follows.
			const isCr = octets[stop - 1] === cr;
			if (this.#emitHeld() || this.#emit(octets, from, isCr ? stop - 1 : stop)) return stopped;
			if (end === -1) {
				this.#held = isCr ? crOnly : nothing;
				return octets.length;
			}
			this.#held = isCr ? crLf : lfOnly;
		}
		this.#isPlainLine = false;
		return end + 1;
	}

	/** A whole line, with the octets that end it. */
	#lineRead(ending: Uint8Array): boolean {
		const line = this.#line;
		this.#line = [];
		const level = line.length < 2 ? -1 : this.#boundaryOf(line);
		if (level !== -1) return this.#boundary(level, line);
		if (this.#state === "head") return this.#headLine(line, ending);
		const octets = Uint8Array.from(line);
		if (this.#emitHeld() || this.#emit(octets, 0, octets.length)) return true;
		this.#held = ending;
		return false;
	}

	#headLine(line: readonly number[], ending: Uint8Array): boolean {
		if (line.length === 0 && ending.length > 0) return this.#headRead();
		this.#head.push(Uint8Array.from(line), ending);
		this.#headOctets += line.length + ending.length;
		return this.#headOctets > maxHeadOctets && this.#headRead();
	}

	#headRead(): boolean {
		const text = Buffer.concat(this.#head).toString("latin1");
		this.#head = [];
		this.#headOctets = 0;
		const head = readPartHead(text);
		this.#held = nothing;
		this.#isInPart = false;
		this.#decoder = openTransferDecoder(head.encoding);
		const mayNest = this.#depth < maxDepth && this.#parts < maxParts;
		const isPlain = head.encoding !== "base64" && head.encoding !== "quoted-printable";
		if (mayNest && head.type.startsWith("multipart/") && (head.boundary ?? "") !== "") {
			this.#boundaries.push(head.boundary as string);
			this.#depth++;
			this.#state = "between";
		} else if (mayNest && isPlain && (head.type === "message/rfc822" || head.type === "message/global")) {
			this.#depth++;
			this.#parts++;
			this.#state = "head";
		} else {
			this.#state = "body";
			this.#isInPart = true;
		}
		return this.#sink.partHead(head, text);
	}

	/** Which of the boundaries the line is, the innermost first; -1 when none. */
	#boundaryOf(line: readonly number[]): number {
		if (line[0] !== dash || line[1] !== dash || this.#boundaries.length === 0) return -1;
		const text = String.fromCharCode(...line).replace(/[ \t]+$/, "");
		return this.#boundaries.findLastIndex((one) => text === `--${one}` || text === `--${one}--`);
	}

	#boundary(level: number, line: readonly number[]): boolean {
		if (this.#state === "head" && this.#headOctets > 0 && this.#headRead()) return true;
		if (this.#partOver()) return true;
		const boundary = this.#boundaries[level] as string;
		this.#boundaries.length = level + 1;
		const isLast = String.fromCharCode(...line).startsWith(`--${boundary}--`);
		if (isLast) this.#boundaries.length = level;
		this.#depth = this.#boundaries.length;
		this.#state = isLast ? "between" : "head";
		this.#parts++;
		return false;
	}

	#partOver(): boolean {
		this.#held = nothing;
		this.#isPlainLine = false;
		if (!this.#isInPart) return false;
		this.#isInPart = false;
		return this.#decoder.end(this.#toSink) || this.#sink.partEnd();
	}

	#emitHeld(): boolean {
		const held = this.#held;
		this.#held = nothing;
		return this.#emit(held, 0, held.length);
	}

	#emit(octets: Uint8Array, start: number, end: number): boolean {
		return this.#isInPart && start < end && this.#decoder.write(octets, start, end, this.#toSink);
	}
}

function mayBeBoundary(line: readonly number[]): boolean {
	const [first, second] = line;
	return second === undefined ? first === dash || first === cr : first === dash && second === dash;
}

const maxHeadOctets = 65_536;
const maxLineOctets = 8_192;
const maxDepth = 16;
const maxParts = 1_000;
const cr = 0x0d;
const lf = 0x0a;
const dash = 0x2d;
const nothing = new Uint8Array(0);
const crLf = Uint8Array.of(cr, lf);
const lfOnly = Uint8Array.of(lf);
const crOnly = Uint8Array.of(cr);
