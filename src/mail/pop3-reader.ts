/**
 * Follows POP3 and cuts the messages out of it: the replies to RETR and TOP, without the dots that were put in (RFC 1939, RFC 2449).
 *
 * Bounds: one line of either side, `maxAsked` commands whose reply has not come.
 */
import { DotReader, stopped } from "#mail/dot-reader.ts";
import { LineBuffer } from "#mail/line-buffer.ts";
import type { MailDirection, MailReader, MessageSink } from "#mail/mail-reader.ts";
import { splitCommand } from "#mail/mail-step.ts";

/** What the reply is: a line, a line and a list, a line and a message; "auth": lines of both sides in turn. */
type Asked = "line" | "list" | "message" | "auth" | "stls";

export class Pop3Reader implements MailReader {
	readonly #sink: MessageSink;
	readonly #client = new LineBuffer();
	readonly #server = new LineBuffer();
	readonly #dots = new DotReader();
	readonly #asked: Asked[];
	#text: "list" | "message" | undefined;
	#isHeld = false;
	#isAuthLine = false;
	#mayTellClient = true;
	#refused: string | undefined;

	/** `isGreeted`: the server has greeted before the octets that are read, as before STLS. */
	constructor(sink: MessageSink, isGreeted: boolean) {
		this.#sink = sink;
		this.#asked = isGreeted ? [] : ["line"];
	}

	/** What is not understood is refused. */
	get lost(): undefined {
		return undefined;
	}

	get refused(): string | undefined {
		return this.#refused;
	}

	get isClientHeld(): boolean {
		return this.#refused === undefined && (this.#isHeld || this.#asked.length >= maxAsked);
	}

	refusal(_direction: MailDirection, text: string): string | undefined {
		return this.#mayTellClient ? `-ERR [SYS/PERM] ${text}\r\n` : undefined;
	}

	fromClient(octets: Uint8Array): number {
		let at = 0;
		while (at < octets.length) {
			if (this.isClientHeld) return at;
			const end = octets.indexOf(lf, at);
			const next = end === -1 ? octets.length : end + 1;
			this.#client.push(octets.subarray(at, next));
			at = next;
			const line = this.#client.line();
			if (this.#client.problem !== undefined) this.#refused = `the client sent ${this.#client.problem}`;
			if (this.#refused !== undefined) return stopped;
			if (line === undefined) continue;
			if (this.#isAuthLine) {
				this.#isAuthLine = false;
				this.#isHeld = true;
			} else this.#command(line.text);
		}
		return octets.length;
	}

	fromServer(octets: Uint8Array): boolean {
		this.#mayTellClient = this.#text === undefined && this.#server.length === 0;
		let at = 0;
		while (at < octets.length) {
			const read = this.#text === undefined ? this.#reply(octets, at) : this.#textOf(this.#text, octets, at);
			if (read === stopped || this.#refused !== undefined) return true;
			at += read;
		}
		return false;
	}

	#command(text: string): void {
		const { verb, rest } = splitCommand(text);
		const asked = askedBy(verb, rest);
		this.#asked.push(asked);
		this.#isHeld = asked === "auth" || asked === "stls";
	}

	#reply(octets: Uint8Array, from: number): number {
		const end = octets.indexOf(lf, from);
		const count = (end === -1 ? octets.length : end + 1) - from;
		this.#server.push(octets.subarray(from, from + count));
		const line = this.#server.line();
		if (this.#server.problem !== undefined) this.#refused = `the server sent ${this.#server.problem}`;
		if (line === undefined) return count;
		const asked = this.#asked[0];
		if (asked === "auth" && /^\+(?: |$)/.test(line.text)) {
			this.#isHeld = false;
			this.#isAuthLine = true;
			return count;
		}
		this.#asked.shift();
		this.#isHeld = false;
		const isOk = /^\+OK(?: |$)/i.test(line.text);
		if (!isOk && !/^-ERR(?: |$)/i.test(line.text)) this.#refused = "the server sent a line that is no reply";
		if (!isOk) return count;
		if (asked === "stls") this.#refused = "TLS was begun inside TLS";
		if (asked !== "list" && asked !== "message") return count;
		this.#text = asked;
		return asked === "message" && this.#sink.messageBegin(1, undefined) ? stopped : count;
	}

	#textOf(kind: "list" | "message", octets: Uint8Array, from: number): number {
		const sink = kind === "message" ? (text: Uint8Array) => this.#sink.messageOctets(1, text) : passOver;
		const run = this.#dots.read(octets, from, sink);
		if (run.isStopped) return stopped;
		if (!run.isEnd) return octets.length - from;
		this.#text = undefined;
		if (kind === "message" && this.#sink.messageEnd(1)) return stopped;
		return run.next - from;
	}
}

function askedBy(verb: string, rest: string): Asked {
	if (verb === "RETR" || verb === "TOP") return "message";
	if (verb === "CAPA") return "list";
	if (verb === "LIST" || verb === "UIDL" || verb === "LANG") return rest === "" ? "list" : "line";
	if (verb === "AUTH") return rest === "" ? "list" : "auth";
	return verb === "STLS" ? "stls" : "line";
}

function passOver(): boolean {
	return false;
}

const maxAsked = 1_000;
const lf = 0x0a;
