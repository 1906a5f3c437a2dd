/**
 * A WebSocket on its way through the inspection services: its messages, whole or in fragments, compressed or not, are
 * searched as streams that end with each message. The original octets travel.
 *
 * Bounds: what each direction holds of a frame, and a window of compression in each.
 */
import type { Fault } from "#base/fault.ts";
import { WebSocketDirection, type WebSocketSink } from "#http/websocket-direction.ts";
import { closeCodes, encodeWebSocketClose } from "#http/websocket-frame.ts";
import type { DeflateTerms, WebSocketTerms } from "#http/websocket-terms.ts";
import type { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import { MessageInflater } from "#inspect/message-inflater.ts";
import type { StreamStop } from "#inspect/plaintext-stream.ts";

export class WebSocketInspection {
	readonly #client: Messages;
	readonly #server: Messages;
	readonly #exchange: ExchangeInspection;
	readonly #sessionId: string;

	/** `maxHeldOctets`: frames up to that size are held until they were searched to their end. */
	constructor(
		terms: WebSocketTerms,
		exchange: ExchangeInspection,
		sessionId: string,
		maxDecodedOctets: number,
		maxHeldOctets: number,
	) {
		this.#exchange = exchange;
		this.#sessionId = sessionId;
		this.#client = new Messages("client", terms.client, exchange, maxDecodedOctets, maxHeldOctets);
		this.#server = new Messages("server", terms.server, exchange, maxDecodedOctets, maxHeldOctets);
	}

	/** Takes octets of a side and puts into `into` what of them may travel; true when the connection is to be stopped. */
	feed(side: "client" | "server", chunk: Uint8Array, into: Uint8Array[]): boolean {
		const { direction } = this.#messages(side);
		const passed = direction.feed(chunk);
		if (direction.released !== undefined) into.push(direction.released);
		if (passed > 0) into.push(passed === chunk.length ? chunk : chunk.subarray(0, passed));
		return direction.isStopped;
	}

	/** Why `feed` stopped, where it is not a block. */
	fault(side: "client" | "server"): Fault | undefined {
		const { direction, inflater } = this.#messages(side);
		return direction.fault ?? inflater?.fault;
	}

	/** What becomes of the connection that `side` brought to a stop; `toClient`: what may still travel to the client. */
	stop(side: "client" | "server", toClient: readonly Uint8Array[]): StreamStop {
		const failure = this.fault(side);
		const { blocked } = this.#exchange;
		const rule = blocked === undefined ? "" : `; rule: ${blocked.service} ${blocked.name}`;
		const why =
			failure?.message ??
			(blocked === undefined
				? "the stream was stopped"
				: `blocked by ${blocked.service} "${blocked.name}" in ${blocked.where}`);
		const { direction } = this.#server;
		const mayClose = direction.isAtBoundary && !direction.hasClosed;
		const close = encodeWebSocketClose(codeOf(failure), `closed by the gateway; session ${this.#sessionId}${rule}`);
		return {
			answer: mayClose ? Buffer.concat([...toClient, close]) : undefined,
			why,
			...(failure === undefined ? {} : { faultCode: failure.code }),
		};
	}

	close(): void {
		this.#client.inflater?.close();
		this.#server.inflater?.close();
	}

	#messages(side: "client" | "server"): Messages {
		return side === "client" ? this.#client : this.#server;
	}
}

/** The messages of one side, shown to the services. */
class Messages implements WebSocketSink {
	readonly direction: WebSocketDirection;
	readonly inflater: MessageInflater | undefined;
	readonly #exchange: ExchangeInspection;
	readonly #isClient: boolean;

	constructor(
		side: "client" | "server",
		terms: DeflateTerms | undefined,
		exchange: ExchangeInspection,
		maxDecodedOctets: number,
		maxHeldOctets: number,
	) {
		this.#exchange = exchange;
		this.#isClient = side === "client";
		this.inflater = terms === undefined ? undefined : new MessageInflater(terms, maxDecodedOctets);
		this.direction = new WebSocketDirection(side, terms !== undefined, this, maxHeldOctets);
	}

	messageOctets(octets: Uint8Array, start: number, end: number, isCompressed: boolean): boolean {
		if (!isCompressed || this.inflater === undefined) return this.#look(octets, start, end);
		this.inflater.write(octets, start, end);
		return this.#drain(this.inflater);
	}

	messageEnd(isCompressed: boolean): boolean {
		if (isCompressed && this.inflater !== undefined) {
			this.inflater.endMessage();
			if (this.#drain(this.inflater)) return true;
		}
		return this.#exchange.messageEnd(this.#isClient ? "stream-to-server" : "stream-to-client");
	}

	#drain(inflater: MessageInflater): boolean {
		for (let count = inflater.read(); count !== 0; count = inflater.read()) {
			if (count < 0 || this.#look(inflater.output, 0, count)) return true;
		}
		return false;
	}

	#look(octets: Uint8Array, start: number, end: number): boolean {
		return this.#isClient
			? this.#exchange.streamFromClient(octets, start, end)
			: this.#exchange.streamFromServer(octets, start, end);
	}
}

function codeOf(failure: Fault | undefined): number {
	if (failure === undefined) return closeCodes.policyViolation;
	if (failure.code === "CONTENT_ENCODING_MALFORMED") return closeCodes.invalidData;
	return failure.code === "CONTENT_TOO_LARGE_DECODED" ? closeCodes.tooBig : closeCodes.protocolError;
}
