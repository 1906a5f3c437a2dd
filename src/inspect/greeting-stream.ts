/**
 * A decrypted connection whose server may speak first: mail when its greeting is one, otherwise octets that are not understood.
 *
 * A client whose first line is one of mail waits for the greeting. With another one it may speak first; a server of SMTP or IMAP that
 * greets it after all ends the connection, for what was said before the greeting went by unread.
 *
 * Bounds: `maxGreetingOctets` of the server are held until the greeting tells, and one chunk of the client while it waits.
 */
import { concat } from "#base/bytes.ts";
import { fault } from "#base/fault.ts";
import {
	forward,
	hold,
	type PlaintextStream,
	release,
	type StreamAnswer,
	type StreamStop,
	stop,
} from "#inspect/plaintext-stream.ts";
import { isMailCommand, sniffGreeting } from "#mail/greeting.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";

export class GreetingStream implements PlaintextStream {
	readonly #openMail: (protocol: MailProtocol) => PlaintextStream;
	readonly #openOther: () => PlaintextStream;
	#chosen: PlaintextStream | undefined;
	#held: Uint8Array | undefined;
	/** What the client said before the greeting, while it waits for it. */
	#early: Uint8Array | undefined;
	/** The greeting so far of a server whose client spoke first. */
	#late: Uint8Array | undefined;
	#stop: StreamStop | undefined;

	constructor(openMail: (protocol: MailProtocol) => PlaintextStream, openOther: () => PlaintextStream) {
		this.#openMail = openMail;
		this.#openOther = openOther;
	}

	get released(): Uint8Array[] {
		return this.#chosen?.released ?? [];
	}

	get stop(): PlaintextStream["stop"] {
		return this.#stop ?? this.#chosen?.stop;
	}

	get requests(): number {
		return this.#chosen?.requests ?? 0;
	}

	get findings(): PlaintextStream["findings"] {
		return this.#chosen?.findings ?? [];
	}

	get inspection(): PlaintextStream["inspection"] {
		return this.#chosen?.inspection ?? "decrypted, not inspected";
	}

	get isClientWaiting(): boolean {
		return this.#early !== undefined || (this.#chosen?.isClientWaiting ?? false);
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		if (this.#chosen !== undefined) return this.#chosen.fromClient(chunk);
		if (this.#held !== undefined || isMailCommand(chunk)) {
			this.#early = chunk;
			return hold;
		}
		this.#late = noOctets;
		this.#chosen = this.#openOther();
		return this.#chosen.fromClient(chunk);
	}

	clientMayGoOn(): StreamAnswer {
		const chosen = this.#chosen;
		if (chosen === undefined) return hold;
		const early = this.#early;
		if (early === undefined) return chosen.clientMayGoOn();
		this.#early = undefined;
		const answer = chosen.fromClient(early);
		if (answer !== forward) return answer;
		chosen.released.push(early);
		return release;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		const held = this.#held;
		if (this.#late !== undefined && this.#isLateGreeting(this.#late, chunk)) return stop;
		if (held === undefined && this.#chosen !== undefined) return this.#chosen.fromServer(chunk);
		const greeting = held === undefined ? chunk : concat([held, chunk]);
		const protocol = sniffGreeting(greeting);
		if (this.#chosen === undefined && protocol === "need-more") {
			this.#held = greeting;
			return hold;
		}
		this.#held = undefined;
		this.#chosen ??= protocol === "other" || protocol === "need-more" ? this.#openOther() : this.#openMail(protocol);
		const answer = this.#chosen.fromServer(greeting);
		if (answer !== forward || held === undefined) return answer;
		this.#chosen.released.push(greeting);
		return release;
	}

	/** `+OK` says nothing here: Redis answers so too. */
	#isLateGreeting(late: Uint8Array, chunk: Uint8Array): boolean {
		const greeting = late.length === 0 ? chunk : concat([late, chunk]);
		const protocol = sniffGreeting(greeting);
		this.#late = protocol === "need-more" ? greeting : undefined;
		if (protocol !== "smtp" && protocol !== "imap") return false;
		const why = "the client spoke before the server's greeting";
		const { code, message } = fault("MAIL_LINE_MALFORMED", `${protocol.toUpperCase()}: ${why}`, { got: why });
		this.#stop = { answer: undefined, why: message, faultCode: code };
		return true;
	}

	clientEnded(): StreamAnswer {
		if (this.#early === undefined) return this.#chosen?.clientEnded() ?? forward;
		this.#chosen ??= this.#openOther();
		return this.clientMayGoOn();
	}

	serverEnded(): StreamAnswer {
		const held = this.#held;
		if (held === undefined) return this.#chosen?.serverEnded() ?? forward;
		this.#held = undefined;
		this.#chosen ??= this.#openOther();
		const answer = this.#chosen.fromServer(held);
		if (answer !== forward) return answer;
		this.#chosen.released.push(held);
		return release;
	}

	close(): void {
		this.#chosen?.close();
		this.#held = undefined;
		this.#early = undefined;
	}
}

const noOctets: Uint8Array = new Uint8Array(0);
