/**
 * What passes between a client and a server that speaks first, before there is TLS: the greeting tells the protocol, and
 * its machine says at which octet TLS begins (STARTTLS, STLS).
 */
import { concat } from "#base/bytes.ts";
import { type GreetingProtocol, sniffGreeting } from "#mail/greeting.ts";
import { ImapMachine } from "#mail/imap-machine.ts";
import type { MailMachine, MailNext, MailStep } from "#mail/mail-step.ts";
import { Pop3Machine } from "#mail/pop3-machine.ts";
import { SmtpMachine } from "#mail/smtp-machine.ts";
import type { SessionEffect } from "#proxy/session-event.ts";

export interface MailAnswer {
	readonly effects: readonly SessionEffect[];
	/** `not-mail`: no protocol that has STARTTLS; `greeting` is what the server has said. */
	readonly next: MailNext | { readonly kind: "not-mail"; readonly greeting: Uint8Array };
}

/** Bounds: a greeting of 512 octets and one chunk, then those of the protocol's machine. */
export class MailPhase {
	readonly #mustUseTls: boolean;
	#greeting: Uint8Array = nothing;
	#machine: MailMachine | undefined;
	#protocol: GreetingProtocol = "other";

	/** `mustUseTls`: nobody logs in or sends mail before TLS, and a server that offers none is refused. */
	constructor(mustUseTls: boolean) {
		this.#mustUseTls = mustUseTls;
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
		if (protocol === "other") return { effects: [], next: { kind: "not-mail", greeting } };
		this.#protocol = protocol;
		const policy = { mustUseTls: this.#mustUseTls };
		this.#machine = new machines[protocol](policy);
		return told(this.#machine.fromServer(greeting));
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
const machines = { smtp: SmtpMachine, imap: ImapMachine, pop3: Pop3Machine } as const;
