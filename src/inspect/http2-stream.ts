/**
 * A decrypted HTTP/2 connection on its way through the inspection services: each stream is an exchange by itself. One
 * that is blocked is answered with a page or reset, and the others go on.
 *
 * Bounds: what the HTTP machine holds, and an inspection for each open stream.
 */
import type { HeadEdits } from "#http/field-edit.ts";
import type { Header, RequestHead, ResponseHead } from "#http/head.ts";
import type { Http2Exchange } from "#http/http2-exchange.ts";
import { defaultHttp2Limits, type Http2Limits } from "#http/http2-limits.ts";
import { Http2Connection } from "#http/http2-machine.ts";
import type { Http2Answer, Http2Sink, StopCause } from "#http/http2-sink.ts";
import { asksForWebSocket, webSocketTerms } from "#http/websocket-terms.ts";
import { type BlockNotice, blockNotice, blockPageBody, fieldsOf } from "#inspect/block-page.ts";
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
import { WebSocketInspection } from "#inspect/websocket-inspection.ts";
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
	/** Streams that became a WebSocket; not more than may be open. */
	readonly #webSockets = new Map<ExchangeInspection, WebSocketInspection>();

	constructor(
		services: readonly InspectionService[],
		sessionId: string,
		maxDecodedOctets: number,
		edits: HeadEdits = {},
		limits: Http2Limits = defaultHttp2Limits,
	) {
		this.#http = new Http2Connection(this, limits, edits);
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

	requestBody(exchange: Exchange, octets: Uint8Array, start: number, end: number): boolean {
		if (!exchange.isTunnel) return exchange.context.requestBody(octets, start, end);
		return this.#tunnel(exchange, "client", octets, start, end);
	}

	requestEnd({ context }: Exchange, trailers: readonly Header[]): boolean {
		return context.requestEnd(trailers);
	}

	responseHead({ context }: Exchange, head: ResponseHead, request: RequestHead): boolean {
		if (context.responseHead(head, request)) return true;
		if (head.status < 200 || head.status > 299 || !asksForWebSocket(request)) return false;
		const terms = webSocketTerms(request, head);
		if (typeof terms === "string") {
			context.refused("response-headers", terms);
			return true;
		}
		// Frames go on as they come: what stops a stream of HTTP/2 is a reset, at any octet.
		const webSocket = new WebSocketInspection(terms, context, this.#sessionId, this.#maxDecodedOctets, 0);
		this.#webSockets.set(context, webSocket);
		return false;
	}

	responseBody(exchange: Exchange, octets: Uint8Array, start: number, end: number): boolean {
		if (!exchange.isTunnel) return exchange.context.responseBody(octets, start, end);
		return this.#tunnel(exchange, "server", octets, start, end);
	}

	responseEnd({ context }: Exchange, trailers: readonly Header[]): boolean {
		return context.responseEnd(trailers);
	}

	answer({ context }: Exchange, cause: StopCause): Http2Answer {
		const notice = { ...this.#sentence(context, cause), sessionId: this.#sessionId };
		// Names are lower-case in HTTP/2 (RFC 9113 §8.2.1).
		const fields = fieldsOf(notice).map(({ name, value }) => ({ name: name.toLowerCase(), value }));
		return { fields: [{ name: ":status", value: String(notice.status) }, ...fields], body: blockPageBody(notice) };
	}

	refused({ context }: Exchange, side: "client" | "server", reason: string): void {
		context.refused(side === "client" ? "request-headers" : "response-headers", reason);
	}

	closed({ context, hasRequestEnded, response, isTunnel }: Exchange): void {
		this.#webSockets.get(context)?.close();
		this.#webSockets.delete(context);
		const isWhole = hasRequestEnded && response === "ended" && !isTunnel && context.blocked === undefined;
		if (isWhole && context.decodeFault === undefined && this.#idle.length < maxIdle) this.#idle.push(context);
		else context.close();
	}

	#tunnel(
		{ context, request, response }: Exchange,
		side: "client" | "server",
		octets: Uint8Array,
		start: number,
		end: number,
	): boolean {
		const isClient = side === "client";
		const webSocket = this.#webSockets.get(context);
		if (webSocket === undefined) {
			// Before the server has agreed nobody knows how the octets of a WebSocket are to be read.
			if (isClient && response === "expect-head" && request !== undefined && asksForWebSocket(request)) {
				context.refused("stream-to-server", "octets of a WebSocket before it was opened");
				return true;
			}
			return isClient ? context.streamFromClient(octets, start, end) : context.streamFromServer(octets, start, end);
		}
		if (!webSocket.feed(side, octets.subarray(start, end), [])) return false;
		const failure = webSocket.fault(side);
		if (failure !== undefined) context.refused(isClient ? "stream-to-server" : "stream-to-client", failure.message);
		return true;
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

const maxIdle = 16;
