/**
 * Follows SMTP and cuts the messages out of it: DATA without the dots that were put in, chunks of BDAT (RFC 5321, RFC 3030).
 *
 * Bounds: one line of either side, `maxAsked` commands whose reply has not come; `maxRecipients` recipients of a message.
 */
import { DotReader, stopped } from "#mail/dot-reader.ts";
import { LineBuffer } from "#mail/line-buffer.ts";
import type { Envelope, MailDirection, MailReader, MessageSink } from "#mail/mail-reader.ts";
import { splitCommand } from "#mail/mail-step.ts";

type Asked = "greeting" | "starttls" | "auth" | "data" | "other";

/** What the client's next octets are; "held" until the reply came. */
type Reading = "commands" | "held" | "auth-line" | "data" | "bdat";

export class SmtpReader implements MailReader {
	readonly #sink: MessageSink;
	readonly #client = new LineBuffer();
	readonly #server = new LineBuffer();
	readonly #dots = new DotReader();
	readonly #asked: Asked[];
	#reading: Reading = "commands";
	#bdatLeft = 0;
	#isLastChunk = false;
	#isInMessage = false;
	#helo: string | undefined;
	#from: string | undefined;
	#recipients: string[] = [];
	#lost: string | undefined;
	#refused: string | undefined;

	/** `isGreeted`: the server has greeted before the octets that are read, as before STARTTLS. */
	constructor(sink: MessageSink, isGreeted: boolean) {
		this.#sink = sink;
		this.#asked = isGreeted ? [] : ["greeting"];
	}

	get envelope(): Envelope {
		return { helo: this.#helo, from: this.#from, recipients: this.#recipients };
	}

	get lost(): string | undefined {
		return this.#lost;
	}

	get refused(): string | undefined {
		return this.#refused;
	}

	get isClientHeld(): boolean {
		return this.#lost === undefined && (this.#reading === "held" || this.#asked.length >= maxAsked);
	}

	refusal(direction: MailDirection, text: string): string | undefined {
		return direction === 0 ? `554 5.7.1 ${text}\r\n` : undefined;
	}

	fromClient(octets: Uint8Array): number {
		let at = 0;
		while (at < octets.length && this.#lost === undefined) {
			if (this.isClientHeld) return at;
			const read =
				this.#reading === "data"
					? this.#data(octets, at)
					: this.#reading === "bdat"
						? this.#chunk(octets, at)
						: this.#line(octets, at);
			if (read === stopped || this.#refused !== undefined) return stopped;
			at += read;
		}
		return octets.length;
	}

	fromServer(octets: Uint8Array): boolean {
		if (this.#lost !== undefined) return false;
		this.#server.push(octets);
		for (let line = this.#server.line(); line !== undefined; line = this.#server.line()) {
			const parts = /^(\d\d\d)(?:[ ]|$)/.exec(line.text);
			if (parts !== null) this.#replied(Number(parts[1]));
		}
		if (this.#server.problem !== undefined) this.#lost = `the server sent ${this.#server.problem}`;
		return this.#refused !== undefined;
	}

	/** One line, as much of it as is there. */
	#line(octets: Uint8Array, from: number): number {
		const end = octets.indexOf(lf, from);
		const count = (end === -1 ? octets.length : end + 1) - from;
		this.#client.push(octets.subarray(from, from + count));
		const line = this.#client.line();
		if (this.#client.problem !== undefined) this.#refused = `the client sent ${this.#client.problem}`;
		if (line === undefined) return count;
		if (this.#reading === "auth-line") this.#reading = "held";
		else if (this.#command(line.text)) return stopped;
		return count;
	}

	#command(text: string): boolean {
		const { verb, rest } = splitCommand(text);
		if (verb === "BDAT") return this.#bdat(rest);
		this.#address(verb, rest);
		// A message that was begun by chunks and never ended is given up.
		if (this.#isInMessage && this.#over()) return true;
		const asked = askedBy.get(verb) ?? "other";
		this.#asked.push(asked);
		if (asked !== "other") this.#reading = "held";
		return false;
	}

	/** Who refuses a recipient does not take him out: rules are about what was asked for. */
	#address(verb: string, rest: string): void {
		switch (verb) {
			case "HELO":
			case "EHLO":
			case "LHLO":
				this.#helo = wordOf(rest);
				return this.#forgetEnvelope();
			case "RSET":
				return this.#forgetEnvelope();
			case "MAIL":
				this.#forgetEnvelope();
				this.#from = wordOf(rest.replace(/^from:/i, ""));
				return;
			case "RCPT":
				if (this.#recipients.length < maxRecipients) this.#recipients.push(wordOf(rest.replace(/^to:/i, "")));
		}
	}

	#forgetEnvelope(): void {
		this.#from = undefined;
		this.#recipients = [];
	}

	#bdat(rest: string): boolean {
		const parts = /^(\d{1,10})(?:[ \t]+(LAST))?[ \t]*$/i.exec(rest);
		this.#asked.push("other");
		if (parts === null) {
			this.#refused = "the client sent BDAT without a size";
			return false;
		}
		this.#bdatLeft = Number(parts[1]);
		this.#isLastChunk = parts[2] !== undefined;
		if (!this.#isInMessage && this.#begin()) return true;
		if (this.#bdatLeft > 0) this.#reading = "bdat";
		else if (this.#isLastChunk) return this.#over();
		return false;
	}

	#chunk(octets: Uint8Array, from: number): number {
		const count = Math.min(this.#bdatLeft, octets.length - from);
		this.#bdatLeft -= count;
		if (this.#sink.messageOctets(0, octets.subarray(from, from + count))) return stopped;
		if (this.#bdatLeft > 0) return count;
		this.#reading = "commands";
		return this.#isLastChunk && this.#over() ? stopped : count;
	}

	#data(octets: Uint8Array, from: number): number {
		const run = this.#dots.read(octets, from, (text) => this.#sink.messageOctets(0, text));
		if (run.isStopped) return stopped;
		if (run.isAmbiguous) this.#refused = "the client sent a message that ends there for some servers only";
		if (!run.isEnd) return octets.length - from;
		this.#asked.push("other");
		this.#reading = "commands";
		return this.#over() ? stopped : run.next - from;
	}

	#replied(code: number): void {
		const asked = this.#asked[0];
		if (asked === "auth" && code === 334) {
			this.#reading = "auth-line";
			return;
		}
		// The answer to DATA is another; this one is about a recipient before (LMTP).
		if (asked === "data" && code >= 200 && code < 300) return;
		this.#asked.shift();
		if (asked === "starttls" && code === 220) this.#refused = "TLS was begun inside TLS";
		else if (asked === "data" && code === 354) {
			this.#reading = "data";
			this.#begin();
		} else if (asked === "data" || asked === "auth" || asked === "starttls") this.#reading = "commands";
	}

	#begin(): boolean {
		this.#isInMessage = true;
		return this.#sink.messageBegin(0, undefined);
	}

	#over(): boolean {
		this.#isInMessage = false;
		return this.#sink.messageEnd(0);
	}
}

/** Up to white space. */
function wordOf(text: string): string {
	return text.trimStart().split(/[ \t]/, 1)[0] ?? "";
}

const maxAsked = 100;
const maxRecipients = 1_000;
const lf = 0x0a;
const askedBy: ReadonlyMap<string, Asked> = new Map([
	["STARTTLS", "starttls"],
	["AUTH", "auth"],
	["DATA", "data"],
]);
