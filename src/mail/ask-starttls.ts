/**
 * Asks a server of mail for TLS in the client's place: the client speaks in clear, hears nothing before TLS stands, and then the
 * server's greeting, as if the server had never spoken of STARTTLS.
 *
 * Until TLS begins everything may come from an attacker on the path: what the server said before is forgotten but for the greeting,
 * which every client takes from whom it has connected to anyway.
 *
 * Source: RFC 3207 §4, RFC 9051 §6.2.1, RFC 2595 §4.
 */
import type { MailLine } from "#mail/line-buffer.ts";
import { type MailMachine, type MailStep, MailWire, splitCommand } from "#mail/mail-step.ts";

type Protocol = "smtp" | "imap" | "pop3";

/** What of the server is awaited. */
type Awaited = "greeting" | "capabilities" | "acceptance";

/**
 * One connection.
 *
 * Bounds: one line and replies of `maxOctets` in all.
 * Faults: those of `MailFault`.
 */
export class StarttlsAsker implements MailMachine {
	readonly #protocol: Protocol;
	readonly #wire: MailWire;
	#awaited: Awaited = "greeting";
	#octets = 0;
	#greeting = "";
	#offersTls = false;

	constructor(protocol: Protocol) {
		this.#protocol = protocol;
		this.#wire = new MailWire(protocol.toUpperCase());
	}

	/** What the client is told once TLS stands: lines with CR LF. */
	get greeting(): Uint8Array {
		return Buffer.from(this.#greeting, "latin1");
	}

	/** The client waits until TLS stands. */
	get isClientWaiting(): boolean {
		return true;
	}

	fromClient(): MailStep {
		throw new Error("starttls asker: octets of a client that is to wait");
	}

	fromServer(chunk: Uint8Array): MailStep {
		if (this.#wire.isOver) return this.#wire.step();
		this.#wire.server.push(chunk);
		while (!this.#wire.isOver) {
			const line = this.#wire.server.line();
			if (line === undefined) break;
			this.#octets += line.octets.length;
			if (this.#octets > maxOctets)
				this.#wire.refuse("MAIL_LINE_MALFORMED", `more than ${maxOctets} octets of the server before TLS`);
			else this.#line(line);
		}
		this.#wire.checkLines();
		return this.#wire.step();
	}

	#line(line: MailLine): void {
		if (this.#protocol === "smtp") return this.#smtpLine(line.text);
		if (this.#protocol === "imap") return this.#imapLine(line.text);
		this.#pop3Line(line.text);
	}

	#smtpLine(text: string): void {
		const parts = /^([2-5]\d\d)([ -]|$)/.exec(text);
		if (parts === null) return this.#wire.refuse("MAIL_LINE_MALFORMED", "a reply of the server without its code");
		const [, code = "", mark] = parts;
		const expected = this.#awaited === "capabilities" ? "250" : "220";
		if (code !== expected) {
			if (mark === "-") return;
			const what = this.#awaited === "greeting" ? "the server greets with" : "the server refused TLS with";
			return this.#missing(`${what} ${code}`);
		}
		if (this.#awaited === "greeting") this.#greeting += `${text}\r\n`;
		if (this.#awaited === "capabilities" && splitCommand(text.slice(4)).verb === "STARTTLS") this.#offersTls = true;
		if (mark === "-") return;
		if (this.#awaited === "greeting") return this.#say(`EHLO ${ownName}`, "capabilities");
		if (this.#awaited === "acceptance") return this.#accepted();
		if (!this.#offersTls) return this.#missing("the server offers no STARTTLS");
		this.#say("STARTTLS", "acceptance");
	}

	#imapLine(text: string): void {
		if (this.#awaited === "greeting") {
			const kind = /^\* (OK|PREAUTH|BYE)(?: |$)/i.exec(text)?.[1]?.toUpperCase();
			if (kind !== "OK") return this.#missing(`the server greets with ${kind ?? "something else than OK"}`);
			// What it can do without TLS, and before the login, is not what it can do.
			this.#greeting = `${text.replace(/^(\* OK )\[CAPABILITY [^\]]*\] ?/i, "$1")}\r\n`;
			return this.#say(`${imapTag} STARTTLS`, "acceptance");
		}
		if (text.startsWith("* ")) {
			const { verb } = splitCommand(text.slice(2));
			if (!mayBeUntagged.has(verb)) this.#wire.refuse("MAIL_REPLY_UNASKED", "data of a mailbox before the login");
			return;
		}
		const answer = new RegExp(`^${imapTag} (OK|NO|BAD)(?: |$)`, "i").exec(text)?.[1]?.toUpperCase();
		if (answer === undefined)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", "a tagged reply that no command asked for");
		if (answer !== "OK") return this.#missing("the server refused TLS");
		this.#accepted();
	}

	#pop3Line(text: string): void {
		const isAccepted = /^\+OK(?: |$)/i.test(text);
		if (!isAccepted)
			return this.#missing(this.#awaited === "greeting" ? "the server does not serve" : "the server refused TLS");
		if (this.#awaited === "acceptance") return this.#accepted();
		this.#greeting = `${text}\r\n`;
		this.#say("STLS", "acceptance");
	}

	#say(line: string, awaited: Awaited): void {
		// Replies that stand here already answer what was not asked yet.
		if (this.#wire.server.length > 0)
			return this.#wire.refuse("MAIL_REPLY_UNASKED", "octets of the server that no command asked for");
		this.#wire.toServer(Buffer.from(`${line}\r\n`, "latin1"));
		this.#awaited = awaited;
	}

	#accepted(): void {
		this.#wire.upgrade(nothing);
	}

	#missing(what: string): void {
		this.#wire.refuse("MAIL_STARTTLS_MISSING", `${what}; expected TLS`, farewells[this.#protocol]);
	}
}

const nothing = new Uint8Array(0);
const maxOctets = 65_536;
/** Bears no name of this network; the client says its own once TLS stands. */
const ownName = "sallyport.invalid";
const imapTag = "sallyport1";
const mayBeUntagged: ReadonlySet<string> = new Set(["OK", "NO", "BAD", "BYE", "CAPABILITY", "ID", "ENABLED"]);
const farewells: Readonly<Record<Protocol, string>> = {
	smtp: "421 4.7.0 TLS is not available",
	imap: "* BYE TLS is not available",
	pop3: "-ERR TLS is not available",
};
