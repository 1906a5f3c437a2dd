/**
 * What passes between a client and a server that speaks first, before there is TLS: the greeting tells the protocol, and
 * its machine says at which octet TLS begins (STARTTLS, STLS), on both sides or on the one that is to have it.
 */
import { concat } from "#base/bytes.ts";
import { fault } from "#base/fault.ts";
import { StarttlsAsker } from "#mail/ask-starttls.ts";
import { type GreetingProtocol, sniffGreeting } from "#mail/greeting.ts";
import { ImapMachine } from "#mail/imap-machine.ts";
import type { MailMachine, MailNext, MailStep } from "#mail/mail-step.ts";
import { Pop3Machine } from "#mail/pop3-machine.ts";
import { SmtpMachine } from "#mail/smtp-machine.ts";
import type { SessionEffect } from "#proxy/session-event.ts";
import type { TlsSides } from "#proxy/way-in.ts";

export interface MailAnswer {
	readonly effects: readonly SessionEffect[];
	/** `not-mail`: no protocol that has STARTTLS; `greeting` is what the server has said. */
	readonly next: MailNext | { readonly kind: "not-mail"; readonly greeting: Uint8Array };
}

/** Bounds: a greeting of 512 octets and one chunk, then those of the protocol's machine. */
export class MailPhase {
	readonly #mustUseTls: boolean;
	readonly #sides: TlsSides;
	#greeting: Uint8Array = nothing;
	#machine: MailMachine | undefined;
	#protocol: GreetingProtocol = "other";

	/** `mustUseTls`: nobody logs in or sends mail before TLS, and a server that offers none is refused. */
	constructor(mustUseTls: boolean, sides: TlsSides = "both") {
		this.#mustUseTls = mustUseTls;
		this.#sides = sides;
	}

	/** The protocol by its greeting; `other` before it. */
	get protocol(): GreetingProtocol {
		return this.#protocol;
	}

	/** What the server has said while nothing can be told by it. */
	get held(): Uint8Array {
		return this.#greeting;
	}

	/** Octets of the client are welcome: not before the greeting, nor while a reply is awaited. */
	get wantsClient(): boolean {
		return this.#machine !== undefined && !this.#machine.isClientWaiting;
	}

	fromServer(octets: Uint8Array): MailAnswer {
		if (this.#machine !== undefined) return told(this.#machine.fromServer(octets));
		const greeting = this.#greeting.length === 0 ? octets : concat([this.#greeting, octets]);
		this.#greeting = greeting;
		const protocol = sniffGreeting(greeting);
		if (protocol === "need-more") return { effects: [], next: { kind: "go-on" } };
		this.#greeting = nothing;
		if (protocol === "other" && this.#sides === "server")
			return { effects: [], next: { kind: "refuse", fault: fault("MAIL_STARTTLS_MISSING", notMail) } };
		if (protocol === "other") return { effects: [], next: { kind: "not-mail", greeting } };
		this.#protocol = protocol;
		this.#machine = this.#machineOf(protocol);
		return told(this.#machine.fromServer(greeting));
	}

	/** What a client in clear is told once the server's TLS stands. */
	get greeting(): Uint8Array {
		return this.#machine instanceof StarttlsAsker ? this.#machine.greeting : nothing;
	}

	#machineOf(protocol: Exclude<GreetingProtocol, "other">): MailMachine {
		if (this.#sides === "server") return new StarttlsAsker(protocol);
		return new machines[protocol]({ mustUseTls: this.#mustUseTls, offersTls: this.#sides === "client" });
	}

	/** Only while `wantsClient`. */
	fromClient(octets: Uint8Array): MailAnswer {
		if (this.#machine === undefined) throw new Error("mail phase: octets of the client before the greeting");
		return told(this.#machine.fromClient(octets));
	}
}

function told({ toServer, toClient, next }: MailStep): MailAnswer {
	const effects: SessionEffect[] = [
		...toServer.map((octets) => ({ type: "send-server", octets }) as const),
		...toClient.map((octets) => ({ type: "send-client", octets }) as const),
	];
	return { effects, next };
}

const nothing = new Uint8Array(0);
const notMail =
	"the server greets in no protocol of mail; expected SMTP, IMAP or POP3; take starttls out of the listener if TLS begins with the first octet";
const machines = { smtp: SmtpMachine, imap: ImapMachine, pop3: Pop3Machine } as const;
