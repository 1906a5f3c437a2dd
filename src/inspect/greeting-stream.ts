/**
 * A decrypted connection whose server may speak first: mail when its greeting is one, otherwise octets that are not understood.
 *
 * Bounds: `maxGreetingOctets` of the server are held until the greeting tells.
 */
import { concat } from "#base/bytes.ts";
import { forward, hold, type PlaintextStream, release, type StreamAnswer } from "#inspect/plaintext-stream.ts";
import { sniffGreeting } from "#mail/greeting.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";

export class GreetingStream implements PlaintextStream {
	readonly #openMail: (protocol: MailProtocol) => PlaintextStream;
	readonly #openOther: () => PlaintextStream;
	#chosen: PlaintextStream | undefined;
	#held: Uint8Array | undefined;

	constructor(openMail: (protocol: MailProtocol) => PlaintextStream, openOther: () => PlaintextStream) {
		this.#openMail = openMail;
		this.#openOther = openOther;
	}

	get released(): Uint8Array[] {
		return this.#chosen?.released ?? [];
	}

	get stop(): PlaintextStream["stop"] {
		return this.#chosen?.stop;
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
		return this.#chosen?.isClientWaiting ?? false;
	}

	/** A client that speaks first speaks no mail. */
	fromClient(chunk: Uint8Array): StreamAnswer {
		this.#chosen ??= this.#openOther();
		return this.#chosen.fromClient(chunk);
	}

	clientMayGoOn(): StreamAnswer {
		return this.#chosen?.clientMayGoOn() ?? hold;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		const held = this.#held;
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

	clientEnded(): StreamAnswer {
		return this.#chosen?.clientEnded() ?? forward;
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
	}
}
