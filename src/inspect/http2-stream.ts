/**
 * A decrypted HTTP/2 connection on its way through the inspection services: each stream is an exchange by itself. One
 * that is blocked is answered with a page or reset, and the others go on.
 *
 * Bounds: what the HTTP machine holds, and an inspection for each open stream.
 */
import type { Header, RequestHead, ResponseHead } from "#http/head.ts";
import type { Http2Exchange } from "#http/http2-exchange.ts";
import { Http2Connection } from "#http/http2-machine.ts";
import type { Http2Answer, Http2Sink, StopCause } from "#http/http2-sink.ts";
import { type BlockNotice, blockNotice, blockPageBody, blockPageFields } from "#inspect/block-page.ts";
import { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import {
	forward,
	hold,
	type PlaintextStream,
	release,
	type StreamAnswer,
	type StreamStop,
	stop,
} from "#inspect/plaintext-stream.ts";
import { type InspectionService, inspectionBy } from "#inspect/service.ts";
import type { Finding, InspectionState } from "#telemetry/session-record.ts";

type Exchange = Http2Exchange<ExchangeInspection>;

export class Http2Stream implements PlaintextStream, Http2Sink<ExchangeInspection> {
	readonly findings: Finding[] = [];
	readonly inspection: InspectionState;
	/** Windows, not this stream, keep a client waiting. */
	readonly isClientWaiting = false;
	requests = 0;
	stop: StreamStop | undefined;
	readonly toClient: Uint8Array[];
	readonly toServer: Uint8Array[];
	released: Uint8Array[];
	readonly #http: Http2Connection<ExchangeInspection>;
	readonly #services: readonly InspectionService[];
	readonly #sessionId: string;
	readonly #maxDecodedOctets: number;
	/** Inspections of streams that ended well, for the next ones. */
	readonly #idle: ExchangeInspection[] = [];

	constructor(services: readonly InspectionService[], sessionId: string, maxDecodedOctets: number) {
		this.#http = new Http2Connection(this);
		this.inspection = inspectionBy(services);
		this.toClient = this.#http.toClient;
		this.toServer = this.#http.toServer;
		this.released = this.toServer;
		this.#services = services;
		this.#sessionId = sessionId;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		this.released = this.toServer;
		return this.#answer(this.#http.feedClient(chunk));
	}

	clientMayGoOn(): StreamAnswer {
		return hold;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		this.released = this.toClient;
		return this.#answer(this.#http.feedServer(chunk));
	}

	clientEnded(): StreamAnswer {
		return forward;
	}

	serverEnded(): StreamAnswer {
		this.#http.serverEnded();
		this.released = this.toClient;
		return this.released.length === 0 ? forward : release;
	}

	secondPassed(): void {
		this.#http.secondPassed();
	}

	close(): void {
		this.#http.close();
		this.#idle.length = 0;
	}

	open(): ExchangeInspection {
		return this.#idle.pop() ?? new ExchangeInspection(this.#services, this.findings, this.#maxDecodedOctets);
	}

	requestHead({ context }: Exchange, head: RequestHead): boolean {
		this.requests++;
		return context.requestHead(head);
	}

	requestBody({ context, isTunnel }: Exchange, octets: Uint8Array, start: number, end: number): boolean {
		return isTunnel ? context.streamFromClient(octets, start, end) : context.requestBody(octets, start, end);
	}

	requestEnd({ context }: Exchange, trailers: readonly Header[]): boolean {
		return context.requestEnd(trailers);
	}

	responseHead({ context }: Exchange, head: ResponseHead, request: RequestHead): boolean {
		return context.responseHead(head, request);
	}

	responseBody({ context, isTunnel }: Exchange, octets: Uint8Array, start: number, end: number): boolean {
		return isTunnel ? context.streamFromServer(octets, start, end) : context.responseBody(octets, start, end);
	}

	responseEnd({ context }: Exchange, trailers: readonly Header[]): boolean {
		return context.responseEnd(trailers);
	}

	answer({ context }: Exchange, cause: StopCause): Http2Answer {
		const notice = { ...this.#sentence(context, cause), sessionId: this.#sessionId };
		return { fields: [{ name: ":status", value: String(notice.status) }, ...fields], body: blockPageBody(notice) };
	}

	refused({ context }: Exchange, side: "client" | "server", reason: string): void {
		context.refused(side === "client" ? "request-headers" : "response-headers", reason);
	}

	closed({ context, hasRequestEnded, response, isTunnel }: Exchange): void {
		const isWhole = hasRequestEnded && response === "ended" && !isTunnel && context.blocked === undefined;
		if (isWhole && context.decodeFault === undefined && this.#idle.length < maxIdle) this.#idle.push(context);
		else context.close();
	}

	#answer(isWhole: boolean): StreamAnswer {
		const { fault, lastWords } = this.#http;
		if (fault === undefined) return isWhole ? forward : this.released.length === 0 ? hold : release;
		this.toClient.length = 0;
		this.toServer.length = 0;
		this.stop = {
			answer: lastWords?.toClient,
			...(lastWords === undefined ? {} : { toServer: lastWords.toServer }),
			why: fault.message,
			faultCode: fault.code,
		};
		return stop;
	}

	#sentence({ blocked, answer, decodeFault }: ExchangeInspection, cause: StopCause): Omit<BlockNotice, "sessionId"> {
		if (cause === "malformed-request") return { status: 400, sentence: "The request is not valid HTTP." };
		if (cause === "malformed-response" || (blocked === undefined && decodeFault !== undefined)) {
			return { status: 502, sentence: "The answer of the site is not valid HTTP." };
		}
		return blockNotice(blocked, answer);
	}
}

/** Names are lower-case in HTTP/2 (RFC 9113 §8.2.1). */
const fields: readonly Header[] = blockPageFields.map(({ name, value }) => ({ name: name.toLowerCase(), value }));
const maxIdle = 16;
