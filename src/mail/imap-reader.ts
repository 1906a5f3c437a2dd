/**
 * Follows IMAP and cuts the messages out of it: literals of APPEND to the server, literals of bodies in FETCH to the client
 * (RFC 9051 §4.3, §6.3.12, §7.5.2; RFC 7888, RFC 3516).
 *
 * A body that is fetched in pieces, one behind the other, is one message. Compression is agreed upon here, and undone by the caller.
 *
 * Bounds: beginning and end of one line of either side.
 */
import { stopped } from "#mail/dot-reader.ts";
import { LineEnds } from "#mail/line-ends.ts";
import type { MailDirection, MailReader, MessageSink } from "#mail/mail-reader.ts";

/** What the client's next octets are; "continuation" until the server wants the literal or refuses it. */
type Reading = "lines" | "literal" | "continuation" | "compress";

/** The literal at hand, and whether it is (a piece of) a message. */
interface Literal {
	left: number;
	readonly isMessage: boolean;
}

/** A piece of a body that may be followed by the next. */
interface Piece {
	readonly of: string;
	next: number;
}

export class ImapReader implements MailReader {
	readonly #sink: MessageSink;
	readonly #client = new LineEnds();
	readonly #server = new LineEnds();
	#reading: Reading = "lines";
	#verb = "";
	#tag = "";
	/** The command of the client goes on behind a literal. */
	#isAmid = false;
	#clientLiteral: Literal = noLiteral();
	#serverLiteral: Literal = noLiteral();
	#isServerAmid = false;
	#piece: Piece | undefined;
	#isInMessage = false;
	/** The server's octets that are being read began at the beginning of a response. */
	#mayTellClient = true;
	#lost: string | undefined;
	#asksForDeflate = false;
	#isDeflate = false;
	#compressedFrom: number | undefined;

	constructor(sink: MessageSink) {
		this.#sink = sink;
	}

	get lost(): string | undefined {
		return this.#lost;
	}

	get compressedFrom(): number | undefined {
		return this.#compressedFrom;
	}

	/** Lines are what they are by their grammar, however they end. */
	get refused(): undefined {
		return undefined;
	}

	get isClientHeld(): boolean {
		return this.#lost === undefined && (this.#reading === "continuation" || this.#reading === "compress");
	}

	refusal(_direction: MailDirection, text: string): string | undefined {
		return this.#mayTellClient && this.#compressedFrom === undefined ? `* BYE [ALERT] ${text}\r\n` : undefined;
	}

	fromClient(octets: Uint8Array): number {
		let at = 0;
		while (at < octets.length && this.#lost === undefined) {
			if (this.isClientHeld) return at;
			const read = this.#reading === "literal" ? this.#clientOctets(octets, at) : this.#clientLine(octets, at);
			if (read === stopped) return stopped;
			at += read;
		}
		return octets.length;
	}

	fromServer(octets: Uint8Array): boolean {
		this.#mayTellClient = this.#serverLiteral.left === 0 && !this.#isServerAmid && this.#server.isAtStart;
		let at = 0;
		while (at < octets.length && this.#lost === undefined) {
			const read = this.#serverLiteral.left > 0 ? this.#serverOctets(octets, at) : this.#serverLine(octets, at);
			if (read === stopped) return true;
			at += read;
			if (this.#isDeflate && this.#compressedFrom === undefined) {
				this.#compressedFrom = at;
				return false;
			}
		}
		return false;
	}

	#clientLine(octets: Uint8Array, from: number): number {
		const { count, line } = this.#client.read(octets, from);
		if (line === undefined) return count;
		if (!this.#isAmid) {
			const [tag = "", verb = "", next = ""] = line.split(" ");
			this.#tag = tag;
			this.#verb = verb.toUpperCase() === "UID" ? next.toUpperCase() : verb.toUpperCase();
			this.#asksForDeflate = this.#verb === "COMPRESS" && next.toUpperCase() === "DEFLATE";
		}
		const literal = /~?\{(\d{1,10})([+-]?)\}$/.exec(line);
		this.#isAmid = literal !== null;
		if (literal !== null) {
			const isMessage = this.#verb === "APPEND" || this.#verb === "REPLACE";
			this.#clientLiteral = { left: Number(literal[1]), isMessage };
			if (isMessage && this.#sink.messageBegin(0, undefined)) return stopped;
			if (literal[2] === "") this.#reading = "continuation";
			else if (this.#beginLiteral()) return stopped;
		} else if (this.#verb === "COMPRESS" || this.#verb === "STARTTLS") this.#reading = "compress";
		return count;
	}

	/** A literal without octets is over at once. */
	#beginLiteral(): boolean {
		this.#reading = this.#clientLiteral.left === 0 ? "lines" : "literal";
		return this.#reading === "lines" && this.#clientLiteral.isMessage && this.#sink.messageEnd(0);
	}

	#clientOctets(octets: Uint8Array, from: number): number {
		const literal = this.#clientLiteral;
		const count = Math.min(literal.left, octets.length - from);
		literal.left -= count;
		if (literal.isMessage && this.#sink.messageOctets(0, octets.subarray(from, from + count))) return stopped;
		if (literal.left > 0) return count;
		this.#reading = "lines";
		return literal.isMessage && this.#sink.messageEnd(0) ? stopped : count;
	}

	#serverLine(octets: Uint8Array, from: number): number {
		const { count, line } = this.#server.read(octets, from);
		if (line === undefined) return count;
		const wasAmid = this.#isServerAmid;
		this.#isServerAmid = false;
		if (!wasAmid && isStatus(line)) return this.#status(line) ? stopped : count;
		const literal = /~?\{(\d{1,10})\}$/.exec(line);
		if (literal === null) return count;
		this.#isServerAmid = true;
		return this.#serverLiteralOf(line, Number(literal[1])) ? stopped : count;
	}

	/** Replies that only tell how something went: what looks like a literal in their text is none. */
	#status(text: string): boolean {
		const isContinuation = text.startsWith("+");
		if (isContinuation && this.#reading === "continuation") return this.#beginLiteral();
		if (!text.startsWith(`${this.#tag} `)) return false;
		const isOk = / OK(?: |$)/i.test(text.slice(this.#tag.length, this.#tag.length + 4));
		if (this.#reading === "compress") {
			if (isOk && this.#asksForDeflate && !this.#isDeflate) this.#isDeflate = true;
			else if (isOk) this.#lost = `the client and the server agreed upon ${this.#verb}`;
			this.#reading = "lines";
		} else if (this.#reading === "continuation") {
			this.#reading = "lines";
			this.#isAmid = false;
			return this.#clientLiteral.isMessage && this.#sink.messageEnd(0);
		}
		return false;
	}

	#serverLiteralOf(text: string, size: number): boolean {
		const body = readBodyName(text);
		this.#serverLiteral = { left: size, isMessage: body !== undefined };
		if (body === undefined) return false;
		const { message, what, section, origin } = body;
		const of = `${message} ${what}`;
		const piece = this.#piece;
		if (
			piece !== undefined &&
			this.#isInMessage &&
			piece.of === of &&
			piece.next === Number(origin ?? 0) &&
			Number(origin ?? 0) > 0
		)
			piece.next += size;
		else {
			if (this.#serverOver()) return true;
			this.#piece = origin === undefined ? undefined : { of, next: Number(origin) + size };
			this.#isInMessage = true;
			// The body of a part without its head: how it is encoded is told elsewhere.
			const isBare =
				/^[\d.]+$/.test(section) || section.toUpperCase() === "TEXT" || what.toUpperCase() === "RFC822.TEXT";
			if (this.#sink.messageBegin(1, isBare ? "unknown" : undefined)) return true;
		}
		return size === 0 && this.#piece === undefined && this.#serverOver();
	}

	#serverOctets(octets: Uint8Array, from: number): number {
		const literal = this.#serverLiteral;
		const count = Math.min(literal.left, octets.length - from);
		literal.left -= count;
		if (literal.isMessage && this.#sink.messageOctets(1, octets.subarray(from, from + count))) return stopped;
		if (literal.left > 0 || !literal.isMessage || this.#piece !== undefined) return count;
		return this.#serverOver() ? stopped : count;
	}

	#serverOver(): boolean {
		if (!this.#isInMessage) return false;
		this.#isInMessage = false;
		return this.#sink.messageEnd(1);
	}
}

/** What the literal behind a line is of, where that is a message or a part of one. */
interface BodyName {
	/** Number of the message, where it is told. */
	readonly message: string;
	readonly what: string;
	readonly section: string;
	readonly origin: string | undefined;
}

/** Looks at the end alone, each octet once: a line that names thousands of bodies costs no more than another. */
function readBodyName(text: string): BodyName | undefined {
	const end = /(?:<(\d+)>)? ~?\{\d+\}$/.exec(text);
	if (end === null) return undefined;
	const [, origin] = end;
	const before = text.slice(0, end.index);
	const what = /\bRFC822(?:\.TEXT|\.HEADER)?$/i.exec(before)?.[0] ?? lastSection(before);
	if (what === undefined) return undefined;
	const message = /^\* (\d+) FETCH /i.exec(text)?.[1] ?? "";
	const section = what.endsWith("]") ? what.slice(what.indexOf("[") + 1, -1) : "";
	return { message, what, section, origin };
}

/** `BODY[...]` or `BINARY[...]` at the end of the text. */
function lastSection(text: string): string | undefined {
	if (!text.endsWith("]")) return undefined;
	const tail = text.slice(text.lastIndexOf("]", text.length - 2) + 1);
	const found = [...tail.matchAll(/\b(?:BODY|BINARY)\[/gi)].at(-1);
	return found && tail.slice(found.index);
}

function isStatus(text: string): boolean {
	return text.startsWith("+") || /^\S+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |$)/i.test(text);
}

function noLiteral(): Literal {
	return { left: 0, isMessage: false };
}
