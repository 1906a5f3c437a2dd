/**
 * SMTP between a client and a server until TLS begins (RFC 5321, RFC 3207).
 *
 * A client that never asks for TLS is followed through its messages, where policy lets it, because it may ask at any time: the data of
 * messages is told apart from commands, so that no STARTTLS goes by unseen.
 */
import type { MailLine } from "#mail/line-buffer.ts";
import { type MailMachine, type MailPolicy, type MailStep, MailWire, splitCommand } from "#mail/mail-step.ts";
import { offerBySmtp } from "#mail/offer-starttls.ts";
import { SmtpDataScanner } from "#mail/smtp-data.ts";

/** What a reply is awaited for. */
type Asked = "greeting" | "ehlo" | "starttls" | "auth" | "data" | "message" | "other";

/** What the client's next octets are. "held": nothing is read until the reply that is awaited came. */
type Reading = "commands" | "held" | "auth-line" | "data" | "bdat" | "tls-only";

/**
 * One connection.
 *
 * Bounds: one line of either side, one reply of `maxReplyOctets`, `maxAsked` commands whose reply has not come.
 * Faults: those of `MailFault`.
 */
export class SmtpMachine implements MailMachine {
	readonly #policy: MailPolicy;
	readonly #wire = new MailWire("SMTP");
	readonly #data = new SmtpDataScanner();
	readonly #asked: Asked[] = ["greeting"];
	#reading: Reading = "commands";
	#held: MailLine | undefined;
	#bdatRemaining = 0;
	#reply: MailLine[] = [];
	#replyOctets = 0;
	/** More than greetings went to the server: a login, or a message that was begun. */
	#hasBegun = false;

	constructor(policy: MailPolicy) {
		this.#policy = policy;
	}

	fromClient(chunk: Uint8Array): MailStep {
		if (this.#wire.isOver) return this.#wire.step();
		if (this.#reading === "tls-only" && chunk.length > 0) {
			this.#wire.refuse("MAIL_STARTTLS_INJECTION", "octets of the client behind STARTTLS, before it was accepted");
			return this.#wire.step();
		}
		this.#wire.fromClient(chunk);
		this.#readClient();
		return this.#wire.step();
	}

	fromServer(chunk: Uint8Array): MailStep {
		if (this.#wire.isOver) return this.#wire.step();
		this.#wire.server.push(chunk);
		while (!this.#wire.isOver) {
			const line = this.#wire.server.line();
			if (line === undefined) break;
			this.#serverLine(line);
		}
		this.#wire.checkLines();
		this.#readClient();
		return this.#wire.step();
	}

	get isClientWaiting(): boolean {
		return this.#reading === "held" && this.#wire.client.length > 0;
	}

	#readClient(): void {
		const { client } = this.#wire;
		while (!this.#wire.isOver) {
			if (this.#held !== undefined && this.#reading === "commands") {
				const line = this.#held;
				this.#held = undefined;
				this.#command(line);
				continue;
			}
			if (this.#reading === "held" || this.#reading === "tls-only" || client.length === 0) return;
			if (this.#reading === "data") this.#message();
			else if (this.#reading === "bdat") this.#chunkOfMessage();
			else {
				const line = client.line();
				if (line === undefined) return this.#wire.checkLines();
				if (this.#reading === "commands") this.#command(line);
				else {
					this.#wire.toServer(line.octets);
					this.#reading = "held";
				}
			}
		}
	}

	#command(line: MailLine): void {
		const { verb, rest } = splitCommand(line.text);
		if (verb === "STARTTLS") return this.#starttls(line);
		if (this.#policy.mustUseTls && !mayBeClear.has(verb)) {
			const shown = /^[A-Z]{1,12}$/.test(verb) ? verb : "a command";
			return this.#wire.refuse(
				"MAIL_CLEAR_REFUSED",
				`the client sent ${shown} without TLS; expected STARTTLS`,
				"530 5.7.0 Must issue a STARTTLS command first",
			);
		}
		if (this.#asked.length >= maxAsked || (isLastOfGroup.has(verb) && this.#asked.length > 0)) return this.#hold(line);
		this.#hasBegun ||= !mayBeClear.has(verb);
		this.#wire.toServer(line.octets);
		if (verb === "BDAT") return this.#bdat(rest);
		this.#asked.push(askedBy.get(verb) ?? "other");
		if (verb === "AUTH" || verb === "DATA") this.#reading = "held";
	}

	/** Waits until every earlier command has its reply: the next one then is the answer to this command. */
	#hold(line: MailLine): void {
		this.#held = line;
		this.#reading = "held";
	}

	#starttls(line: MailLine): void {
		if (this.#wire.client.length > 0)
			return this.#wire.refuse(
				"MAIL_STARTTLS_INJECTION",
				"octets of the client behind STARTTLS, before it was accepted",
			);
		if (this.#asked.length > 0) {
			this.#held = line;
			this.#reading = "tls-only";
			return;
		}
		if (this.#policy.offersTls === true) return this.#accept();
		this.#wire.toServer(line.octets);
		this.#asked.push("starttls");
		this.#reading = "tls-only";
	}

	/** In the server's place, which does not hear of it: it would not forget what somebody began before (RFC 3207 §4.2). */
	#accept(): void {
		if (this.#hasBegun)
			return this.#wire.refuse(
				"MAIL_CLEAR_REFUSED",
				"the client asked for TLS behind a login or a message without it",
				"503 5.5.1 TLS must begin before the login",
			);
		this.#wire.upgrade(Buffer.from("220 2.0.0 Ready to start TLS\r\n", "latin1"));
	}

	#message(): void {
		const { client } = this.#wire;
		const { octets, isEnd } = this.#data.scan(client.peek());
		if (this.#data.problem !== undefined) return this.#wire.refuse("MAIL_LINE_MALFORMED", this.#data.problem);
		this.#wire.toServer(client.take(octets));
		if (!isEnd) return;
		this.#asked.push("message");
		this.#reading = "commands";
	}

	/** BDAT size [LAST]: so many octets follow, whatever they are (RFC 3030). */
	#bdat(rest: string): void {
		const size = /^(\d{1,10})(?:[ \t]+LAST)?[ \t]*$/i.exec(rest)?.[1];
		if (size === undefined) return this.#wire.refuse("MAIL_LINE_MALFORMED", "BDAT without a size");
		this.#asked.push("other");
		this.#bdatRemaining = Number(size);
		if (this.#bdatRemaining > 0) this.#reading = "bdat";
	}

	#chunkOfMessage(): void {
		const octets = this.#wire.client.take(this.#bdatRemaining);
		this.#wire.toServer(octets);
		this.#bdatRemaining -= octets.length;
		if (this.#bdatRemaining === 0) this.#reading = "commands";
	}

	#serverLine(line: MailLine): void {
		const parts = /^([2-5]\d\d)([ -]|$)/.exec(line.text);
		const first = this.#reply[0];
		if (parts === null || (first !== undefined && !first.text.startsWith(parts[1] as string)))
			return this.#wire.refuse("MAIL_LINE_MALFORMED", "a reply of the server without its code");
		this.#replyOctets += line.octets.length;
		if (this.#replyOctets > maxReplyOctets)
			return this.#wire.refuse("MAIL_LINE_MALFORMED", `a reply of more than ${maxReplyOctets} octets`);
		this.#reply.push(line);
		if (parts[2] === "-") return;
		const reply = this.#reply;
		this.#reply = [];
		this.#replyOctets = 0;
		this.#answered(Number(parts[1]), reply);
	}

	#answered(code: number, reply: readonly MailLine[]): void {
		const asked = this.#asked[0];
		// The server may go at any time (RFC 5321 §3.8).
		if (asked === undefined && code !== 421)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", `reply ${code} that no command asked for`);
		if (asked === "starttls" && code === 220) return this.#wire.upgrade(joined(reply));
		const isCapability = asked === "ehlo" && code === 250;
		if (isCapability && this.#policy.offersTls === true) {
			this.#wire.toClient(offered(reply, this.#policy.mustUseTls));
			return this.#goOnBehind(asked, code);
		}
		if (this.#policy.mustUseTls && (asked === "starttls" || (isCapability && !offersStarttls(reply)))) {
			const what = asked === "starttls" ? `the server refused TLS with ${code}` : "the server offers no STARTTLS";
			return this.#wire.refuse("MAIL_STARTTLS_MISSING", `${what}; expected TLS`, "421 4.7.0 TLS is not available");
		}
		for (const { octets } of reply) this.#wire.toClient(octets);
		this.#goOnBehind(asked, code);
	}

	#goOnBehind(asked: Asked | undefined, code: number): void {
		if (asked === "auth" && code === 334) {
			this.#reading = "auth-line";
			return;
		}
		this.#asked.shift();
		if (asked === "data" && code === 354) {
			this.#data.begin();
			this.#reading = "data";
			return;
		}
		const awaits = asked === "starttls" || asked === "auth" || asked === "data";
		if (awaits || (this.#held !== undefined && this.#asked.length === 0)) this.#reading = "commands";
	}
}

function joined(reply: readonly MailLine[]): Uint8Array {
	return Buffer.concat(reply.map((line) => line.octets));
}

function offered(reply: readonly MailLine[], mustUseTls: boolean): Uint8Array {
	const lines = offerBySmtp(
		reply.map(({ text }) => text.slice(4)),
		mustUseTls,
	);
	const last = lines.length - 1;
	return Buffer.from(lines.map((line, at) => `250${at === last ? " " : "-"}${line}\r\n`).join(""), "latin1");
}

/** The first line of the reply is the greeting, each other one a keyword (RFC 5321 §4.1.1.1). */
function offersStarttls(reply: readonly MailLine[]): boolean {
	return reply.slice(1).some((line) => splitCommand(line.text.slice(4)).verb === "STARTTLS");
}

const maxAsked = 100;
const maxReplyOctets = 65_536;
/** What RFC 3207 §4 lets a client send before TLS, and what only greets or ends. */
const mayBeClear: ReadonlySet<string> = new Set(["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP"]);
/** Commands behind which the octets of the client mean something else, or whose reply is read. */
const isLastOfGroup: ReadonlySet<string> = new Set(["EHLO", "AUTH", "DATA"]);
const askedBy: ReadonlyMap<string, Asked> = new Map([
	["EHLO", "ehlo"],
	["AUTH", "auth"],
	["DATA", "data"],
]);
