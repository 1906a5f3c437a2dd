/**
 * IMAP between a client and a server until TLS begins or the client has logged in (RFC 9051, RFC 3501; RFC 7888 for literals).
 */
import type { MailLine } from "#mail/line-buffer.ts";
import { type MailMachine, type MailPolicy, type MailStep, MailWire, splitCommand } from "#mail/mail-step.ts";
import { offerByImap } from "#mail/offer-starttls.ts";

/** The command that the server is to answer with its tag. */
interface Asked {
	readonly tag: string;
	readonly verb: string;
}

/**
 * What the client's next octets are. "command-rest": the command goes on behind a literal; "continuation": the server is asked for its
 * `+` first; "held": nothing is read until the tagged reply came.
 */
type Reading = "commands" | "command-rest" | "literal" | "continuation" | "auth-line" | "held" | "tls-only";

/**
 * One connection. A command is handed on when the earlier one has its reply: before the login there is nothing to be gained by more.
 *
 * Bounds: one line of either side; literals of `maxLiteralOctets` pass without being held.
 * Faults: those of `MailFault`.
 */
export class ImapMachine implements MailMachine {
	readonly #policy: MailPolicy;
	readonly #wire = new MailWire("IMAP");
	#asked: Asked | undefined;
	#isGreeted = false;
	#reading: Reading = "held";
	#literalRemaining = 0;

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
		const waits = this.#reading === "held" || this.#reading === "continuation";
		return waits && this.#wire.client.length > 0;
	}

	#readClient(): void {
		const { client } = this.#wire;
		while (!this.#wire.isOver) {
			switch (this.#reading) {
				case "literal": {
					const octets = client.take(this.#literalRemaining);
					this.#wire.toServer(octets);
					this.#literalRemaining -= octets.length;
					if (this.#literalRemaining > 0) return;
					this.#reading = "command-rest";
					break;
				}
				case "commands":
				case "command-rest":
				case "auth-line": {
					const line = client.line();
					if (line === undefined) return this.#wire.checkLines();
					this.#clientLine(line);
					break;
				}
				default:
					return;
			}
		}
	}

	#clientLine(line: MailLine): void {
		if (this.#reading === "auth-line") this.#reading = "held";
		else {
			if (this.#reading === "commands" && !this.#command(line)) return;
			if (this.#reading !== "tls-only") this.#behind(line.text);
		}
		if (!this.#wire.isOver) this.#wire.toServer(line.octets);
	}

	/** False when the command is not handed on. */
	#command(line: MailLine): boolean {
		const parts = /^([^\s(){%*"\\+\]]{1,64}) (.*)$/s.exec(line.text);
		if (parts === null) {
			this.#wire.refuse(
				"MAIL_LINE_MALFORMED",
				"a command of the client without a tag",
				"* BYE a command without a tag",
			);
			return false;
		}
		const tag = parts[1] as string;
		const { verb } = splitCommand(parts[2] as string);
		this.#asked = { tag, verb };
		if (verb === "STARTTLS") {
			if (this.#wire.client.length > 0) {
				this.#wire.refuse("MAIL_STARTTLS_INJECTION", "octets of the client behind STARTTLS, before it was accepted");
				return false;
			}
			if (this.#policy.offersTls === true) {
				this.#wire.upgrade(Buffer.from(`${tag} OK Begin TLS negotiation now\r\n`, "latin1"));
				return false;
			}
			this.#reading = "tls-only";
		} else if (this.#policy.mustUseTls && !mayBeClear.has(verb)) {
			const shown = /^[A-Z]{1,16}$/.test(verb) ? verb : "a command";
			this.#wire.refuse(
				"MAIL_CLEAR_REFUSED",
				`the client sent ${shown} without TLS; expected STARTTLS`,
				`${tag} NO [PRIVACYREQUIRED] TLS must begin before the login`,
			);
			return false;
		}
		return true;
	}

	/** A line may end in the size of a literal, behind which the command goes on. */
	#behind(text: string): void {
		const literal = /~?\{(\d{1,10})([+-]?)\}$/.exec(text);
		if (literal === null) {
			// Refused before it was whole, the command gets no second reply.
			this.#reading = this.#asked === undefined ? "commands" : "held";
			return;
		}
		this.#literalRemaining = Number(literal[1]);
		if (this.#literalRemaining > maxLiteralOctets) {
			this.#wire.refuse(
				"MAIL_LINE_MALFORMED",
				`a literal of ${this.#literalRemaining} octets before the login; at most ${maxLiteralOctets} are accepted`,
				"* BYE a literal that is too long",
			);
			return;
		}
		this.#reading = literal[2] === "" ? "continuation" : "literal";
	}

	#serverLine(line: MailLine): void {
		const { text } = line;
		if (!this.#isGreeted) return this.#greeting(line);
		if (/^\+(?: |$)/.test(text)) return this.#continuation(line);
		if (text.startsWith("* ")) return this.#untagged(line);
		const asked = this.#asked;
		const parts = /^(\S+) (OK|NO|BAD)(?: |$)/i.exec(text);
		if (parts === null || asked === undefined || parts[1] !== asked.tag)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", "a tagged reply that no command asked for");
		// A command that is not whole may be refused, but not accepted.
		const isWhole = this.#reading === "held" || this.#reading === "tls-only";
		const isAccepted = (parts[2] as string).toUpperCase() === "OK";
		if (isAccepted && !isWhole)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", "a reply to a command that is not whole");
		if (this.#reading === "literal" || this.#reading === "command-rest") {
			this.#asked = undefined;
			this.#wire.toClient(line.octets);
			return;
		}
		this.#answered(asked, isAccepted, line);
	}

	#answered(asked: Asked, isAccepted: boolean, line: MailLine): void {
		if (asked.verb === "STARTTLS") {
			if (isAccepted) return this.#wire.upgrade(line.octets);
			if (this.#policy.mustUseTls) return this.#missing("the server refused TLS");
		}
		if (!this.#hasTlsStillOffered(line.text)) return this.#missing("the server offers no STARTTLS");
		this.#tell(line);
		this.#asked = undefined;
		this.#reading = "commands";
		if (isAccepted && (asked.verb === "LOGIN" || asked.verb === "AUTHENTICATE")) this.#wire.stayClear();
	}

	#greeting(line: MailLine): void {
		const kind = /^\* (OK|PREAUTH|BYE)(?: |$)/i.exec(line.text)?.[1]?.toUpperCase();
		if (kind === undefined) return this.#wire.refuse("MAIL_LINE_MALFORMED", "a greeting that is none of IMAP");
		this.#isGreeted = true;
		// Who is logged in from the beginning can begin no TLS: the way to keep a client from it (RFC 9051 §7.1.4).
		if (kind === "PREAUTH" && this.#policy.mustUseTls)
			return this.#missing("the server has logged the client in without TLS");
		if (kind === "OK" && !this.#hasTlsStillOffered(line.text)) return this.#missing("the server offers no STARTTLS");
		this.#tell(line);
		this.#reading = "commands";
		if (kind === "PREAUTH") this.#wire.stayClear();
	}

	#continuation(line: MailLine): void {
		const isForLogin = this.#reading === "held" && this.#asked?.verb === "AUTHENTICATE";
		if (this.#reading !== "continuation" && !isForLogin)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", "a continuation that no command asked for");
		this.#wire.toClient(line.octets);
		this.#reading = isForLogin ? "auth-line" : "literal";
	}

	/** Data of mailboxes before the login were not sent by the server: a client might keep them (as in the study NO STARTTLS). */
	#untagged(line: MailLine): void {
		const { verb } = splitCommand(line.text.slice(2));
		if (!mayBeUntagged.has(verb)) return this.#wire.refuse("MAIL_REPLY_UNASKED", "data of a mailbox before the login");
		if (/\{\d+\+?\}$/.test(line.text))
			return this.#wire.refuse("MAIL_LINE_MALFORMED", "a literal of the server before the login");
		if (!this.#hasTlsStillOffered(line.text)) return this.#missing("the server offers no STARTTLS");
		this.#tell(line);
	}

	/** With what the gateway offers in the server's place. */
	#tell({ octets, text }: MailLine): void {
		if (this.#policy.offersTls !== true) return this.#wire.toClient(octets);
		const offered = offerByImap(text, this.#policy.mustUseTls);
		this.#wire.toClient(offered === text ? octets : Buffer.from(`${offered}\r\n`, "latin1"));
	}

	/** False when the line lists capabilities without STARTTLS although TLS is demanded. */
	#hasTlsStillOffered(text: string): boolean {
		if (!this.#policy.mustUseTls || this.#policy.offersTls === true) return true;
		const list = /^\* CAPABILITY ([^\]]*)|^\S+ (?:OK|NO|BAD) \[CAPABILITY ([^\]]*)\]/i.exec(text);
		if (list === null) return true;
		return (list[1] ?? list[2] ?? "").toUpperCase().split(" ").includes("STARTTLS");
	}

	#missing(what: string): void {
		this.#wire.refuse("MAIL_STARTTLS_MISSING", `${what}; expected TLS`, "* BYE TLS is not available");
	}
}

const maxLiteralOctets = 65_536;
/** Commands before the login that tell nothing of a user. */
const mayBeClear: ReadonlySet<string> = new Set(["CAPABILITY", "NOOP", "LOGOUT", "ID"]);
const mayBeUntagged: ReadonlySet<string> = new Set(["OK", "NO", "BAD", "BYE", "CAPABILITY", "ID", "ENABLED"]);
