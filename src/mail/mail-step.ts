/**
 * What the machines of the mail protocols share: they stand between client and server from the greeting on, hand lines on, and say at
 * which octet TLS begins.
 *
 * Until TLS begins everything may come from an attacker on the path. So nothing is taken over from before: octets between the request
 * for TLS and its handshake end the connection in both directions (CVE-2011-0411 and its kin), replies that nobody asked for too.
 *
 * Source: RFC 3207 (SMTP), RFC 9051 §6.2.1 (IMAP), RFC 2595 (POP3), RFC 8314.
 */
import { type Fault, fault } from "#base/fault.ts";
import { LineBuffer } from "#mail/line-buffer.ts";

export interface MailPolicy {
	/** Nobody logs in or sends mail without TLS, and a server that offers none is refused. */
	readonly mustUseTls: boolean;
	/** The server has no TLS: the gateway offers it to the client, and its octets go on to the server in clear. */
	readonly offersTls?: boolean;
}

export type MailNext =
	| { readonly kind: "go-on" }
	/** TLS begins on both sides, behind what is to be sent. The machine is spent. */
	| { readonly kind: "upgrade" }
	/** The client has logged in without TLS and cannot begin it any more; octets pass from here on. The machine is spent. */
	| { readonly kind: "clear" }
	/** The connection ends, behind what is to be sent. */
	| { readonly kind: "refuse"; readonly fault: Fault };

/** The answer to each chunk: what is to be sent where, and then what happens. */
export interface MailStep {
	readonly toServer: readonly Uint8Array[];
	readonly toClient: readonly Uint8Array[];
	readonly next: MailNext;
}

/** One protocol's machine. A spent machine answers the same again, with nothing to send. */
export interface MailMachine {
	fromClient(chunk: Uint8Array): MailStep;
	fromServer(chunk: Uint8Array): MailStep;
	/** Octets of the client wait for a reply: read no more of it. */
	readonly isClientWaiting: boolean;
}

/** The fault codes of mail. */
export type MailFault =
	| "MAIL_LINE_MALFORMED"
	| "MAIL_REPLY_UNASKED"
	| "MAIL_STARTTLS_INJECTION"
	| "MAIL_STARTTLS_MISSING"
	| "MAIL_CLEAR_REFUSED";

/** Both directions' octets and the step that is being made. */
export class MailWire {
	readonly client = new LineBuffer();
	readonly server = new LineBuffer();
	readonly #protocol: string;
	#toServer: Uint8Array[] = [];
	#toClient: Uint8Array[] = [];
	#next: MailNext = goOn;

	constructor(protocol: string) {
		this.#protocol = protocol;
	}

	/** Something other than go-on was decided. */
	get isOver(): boolean {
		return this.#next !== goOn;
	}

	/** Takes octets of the client. They may wait for a reply, but not without bound. */
	fromClient(chunk: Uint8Array): void {
		this.client.push(chunk);
		if (this.client.length > maxWaitingOctets)
			this.refuse("MAIL_LINE_MALFORMED", `more than ${maxWaitingOctets} octets of the client that wait for a reply`);
	}

	toServer(octets: Uint8Array): void {
		if (octets.length > 0) this.#toServer.push(octets);
	}

	toClient(octets: Uint8Array): void {
		if (octets.length > 0) this.#toClient.push(octets);
	}

	/**
	 * Ends it.
	 *
	 * @param farewell a line of the protocol for the client, without CR LF.
	 */
	refuse(code: MailFault, what: string, farewell?: string): void {
		if (this.isOver) return;
		if (farewell !== undefined) this.toClient(Buffer.from(`${farewell}\r\n`, "latin1"));
		this.#next = { kind: "refuse", fault: fault(code, `${this.#protocol}: ${what}`, { got: what }) };
	}

	/**
	 * The server accepted the request for TLS with the reply that is to be sent. Octets behind it, of either side, were not written by
	 * who will be at the end of the TLS session.
	 */
	upgrade(reply: Uint8Array): void {
		if (this.server.length > 0 || this.client.length > 0) {
			const side = this.server.length > 0 ? "server" : "client";
			this.refuse("MAIL_STARTTLS_INJECTION", `octets of the ${side} between the acceptance of TLS and its handshake`);
			return;
		}
		this.toClient(reply);
		this.#next = { kind: "upgrade" };
	}

	/** Stays without TLS: what is held goes on as it is. */
	stayClear(): void {
		this.toClient(this.server.take(this.server.length));
		this.toServer(this.client.take(this.client.length));
		this.#next = { kind: "clear" };
	}

	/** A line that cannot be read ends it. */
	checkLines(): void {
		for (const [side, lines] of [["client", this.client] as const, ["server", this.server] as const]) {
			if (lines.problem !== undefined) this.refuse("MAIL_LINE_MALFORMED", `${lines.problem} from the ${side}`);
		}
	}

	/** The step made of what was said since the last one. */
	step(): MailStep {
		const step = { toServer: this.#toServer, toClient: this.#toClient, next: this.#next };
		this.#toServer = [];
		this.#toClient = [];
		return step;
	}
}

/** The first word of a line in upper case, and what is behind it. White space before it is passed over, as lenient servers do. */
export function splitCommand(text: string): { readonly verb: string; readonly rest: string } {
	const parts = /^[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(text);
	return { verb: (parts?.[1] ?? "").toUpperCase(), rest: parts?.[2] ?? "" };
}

const goOn: MailNext = { kind: "go-on" };
/** A chunk that was under way when the client was to wait fits twice. */
const maxWaitingOctets = 262_144;
