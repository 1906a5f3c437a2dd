/**
 * POP3 between a client and a server until TLS begins or the client has logged in (RFC 1939, RFC 2449, RFC 2595 §4, RFC 5034).
 */
import type { MailLine } from "#mail/line-buffer.ts";
import { type MailMachine, type MailPolicy, type MailStep, MailWire, splitCommand } from "#mail/mail-step.ts";
import { offerByPop3 } from "#mail/offer-starttls.ts";

/** What a reply is awaited for. */
type Asked = "greeting" | "capa" | "list" | "stls" | "auth" | "login" | "other";

/** What the client's next octets are. "held": nothing is read until the reply that is awaited came. */
type Reading = "commands" | "held" | "auth-line" | "tls-only";

/**
 * One connection. A command is handed on when every earlier one has its reply: before the login there is nothing to be gained by more.
 *
 * Bounds: one line of either side, one list of `maxListOctets`.
 * Faults: those of `MailFault`.
 */
export class Pop3Machine implements MailMachine {
	readonly #policy: MailPolicy;
	readonly #wire = new MailWire("POP3");
	#asked: Asked | undefined = "greeting";
	#reading: Reading = "held";
	/** The lines of a reply of several lines so far; undefined: no such reply is being read. */
	#list: MailLine[] | undefined;
	#listOctets = 0;

	constructor(policy: MailPolicy) {
		this.#policy = policy;
	}

	fromClient(chunk: Uint8Array): MailStep {
		if (this.#wire.isOver) return this.#wire.step();
		if (this.#reading === "tls-only" && chunk.length > 0) {
			this.#wire.refuse("MAIL_STARTTLS_INJECTION", "octets of the client behind STLS, before it was accepted");
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
			if (this.#list === undefined) this.#replyLine(line);
			else this.#listLine(line, this.#list);
		}
		this.#wire.checkLines();
		this.#readClient();
		return this.#wire.step();
	}

	get isClientWaiting(): boolean {
		return this.#reading === "held" && this.#wire.client.length > 0;
	}

	#readClient(): void {
		while (!this.#wire.isOver && (this.#reading === "commands" || this.#reading === "auth-line")) {
			const line = this.#wire.client.line();
			if (line === undefined) return this.#wire.checkLines();
			if (this.#reading === "commands") this.#command(line);
			else this.#reading = "held";
			if (!this.#wire.isOver) this.#wire.toServer(line.octets);
		}
	}

	#command(line: MailLine): void {
		const { verb, rest } = splitCommand(line.text);
		if (verb === "STLS") {
			if (this.#wire.client.length > 0)
				return this.#wire.refuse("MAIL_STARTTLS_INJECTION", "octets of the client behind STLS, before it was accepted");
			if (this.#policy.offersTls === true) return this.#wire.upgrade(Buffer.from("+OK Begin TLS\r\n", "latin1"));
			this.#asked = "stls";
			this.#reading = "tls-only";
			return;
		}
		if (this.#policy.mustUseTls && !mayBeClear.has(verb)) {
			const shown = /^[A-Z]{1,12}$/.test(verb) ? verb : "a command";
			return this.#wire.refuse(
				"MAIL_CLEAR_REFUSED",
				`the client sent ${shown} without TLS; expected STLS`,
				"-ERR TLS must begin before the login",
			);
		}
		this.#asked = askedBy(verb, rest);
		this.#reading = "held";
	}

	#replyLine(line: MailLine): void {
		const asked = this.#asked;
		if (asked === undefined) return this.#wire.refuse("MAIL_REPLY_UNASKED", "a reply that no command asked for");
		const isAccepted = /^\+OK(?: |$)/i.test(line.text);
		if (asked === "auth" && /^\+(?: |$)/.test(line.text)) {
			this.#wire.toClient(line.octets);
			this.#reading = "auth-line";
			return;
		}
		if (!isAccepted && !/^-ERR(?: |$)/i.test(line.text))
			return this.#wire.refuse("MAIL_LINE_MALFORMED", "a reply of the server that is neither +OK nor -ERR");
		if (isAccepted && (asked === "capa" || asked === "list")) {
			this.#list = [line];
			this.#listOctets = line.octets.length;
			return;
		}
		if (asked === "capa" && this.#policy.offersTls === true) return this.#offer([]);
		if (asked === "stls" && isAccepted) return this.#wire.upgrade(line.octets);
		if (asked === "stls" && this.#policy.mustUseTls) return this.#missing("the server refused TLS");
		this.#wire.toClient(line.octets);
		this.#goOn();
		if (isAccepted && (asked === "login" || asked === "auth")) this.#wire.stayClear();
	}

	#listLine(line: MailLine, list: MailLine[]): void {
		list.push(line);
		this.#listOctets += line.octets.length;
		if (this.#listOctets > maxListOctets)
			return this.#wire.refuse("MAIL_LINE_MALFORMED", `a reply of more than ${maxListOctets} octets`);
		if (line.text !== ".") return;
		this.#list = undefined;
		if (this.#asked === "capa" && this.#policy.offersTls === true)
			return this.#offer(list.slice(1, -1).map(({ text }) => text));
		const offersTls = list.some((one) => splitCommand(one.text).verb === "STLS");
		if (this.#asked === "capa" && this.#policy.mustUseTls && !offersTls)
			return this.#missing("the server offers no STLS");
		for (const { octets } of list) this.#wire.toClient(octets);
		this.#goOn();
	}

	/** What the server can do, or nothing when it does not say, with what the gateway offers in its place. */
	#offer(capabilities: readonly string[]): void {
		const lines = ["+OK", ...offerByPop3(capabilities, this.#policy.mustUseTls), "."];
		this.#wire.toClient(Buffer.from(lines.map((line) => `${line}\r\n`).join(""), "latin1"));
		this.#goOn();
	}

	#missing(what: string): void {
		this.#wire.refuse("MAIL_STARTTLS_MISSING", `${what}; expected TLS`, "-ERR TLS is not available");
	}

	#goOn(): void {
		this.#asked = undefined;
		this.#reading = "commands";
	}
}

function askedBy(verb: string, rest: string): Asked {
	if (verb === "CAPA") return "capa";
	// Without a parameter they list what there is.
	if (verb === "AUTH") return rest === "" ? "list" : "auth";
	if (verb === "LANG" && rest === "") return "list";
	return verb === "PASS" || verb === "APOP" ? "login" : "other";
}

const maxListOctets = 65_536;
/** Commands before the login that tell nothing of a user. */
const mayBeClear: ReadonlySet<string> = new Set(["CAPA", "QUIT", "NOOP", "LANG", "UTF8"]);
