/**
 * A decrypted HTTP/1.1 connection on its way through the inspection services.
 *
 * The head of a response and a small body are held until they were inspected, so that a blocked one is answered with a
 * page; a larger body streams, and a match in it cuts the connection.
 *
 * Bounds: what the HTTP machine holds (one head per direction), `maxHeldOctets` of a response and one chunk of the client.
 */
import { type Fault, fault } from "#base/fault.ts";
import type { HeadEdits } from "#http/field-edit.ts";
import type { Header, RequestHead, ResponseHead } from "#http/head.ts";
import { defaultHttp1Limits, Http1Connection, type Http1Sink } from "#http/http1-machine.ts";
import { webSocketTerms } from "#http/websocket-terms.ts";
import { blockNotice, encodeBlockPage } from "#inspect/block-page.ts";
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

export class Http1Stream implements PlaintextStream, Http1Sink {
	readonly released: Uint8Array[] = [];
	readonly findings: Finding[] = [];
	readonly inspection: InspectionState;
	requests = 0;
	isClientWaiting = false;
	stop: StreamStop | undefined;
	readonly #http: Http1Connection;
	readonly #exchange: ExchangeInspection;
	readonly #sessionId: string;
	readonly #maxDecodedOctets: number;
	/** What the connection became. */
	#webSocket: WebSocketInspection | undefined;
	#upgradeFault: Fault | undefined;
	/** Octets of the client that wait for the server to answer (pipelining, upgrade). */
	#waiting: Uint8Array | undefined;
	/** The response under way so far, while nothing of it was sent. */
	#held: Uint8Array[] = [];
	#heldOctets = 0;
	#mayHold = false;

	constructor(
		services: readonly InspectionService[],
		sessionId: string,
		maxDecodedOctets: number,
		edits: HeadEdits = {},
	) {
		this.#http = new Http1Connection(this, defaultHttp1Limits, edits);
		this.inspection = inspectionBy(services);
		this.#exchange = new ExchangeInspection(services, this.findings, maxDecodedOctets);
		this.#sessionId = sessionId;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		if (this.#webSocket !== undefined) return this.#frames(this.#webSocket, "client", chunk);
		if (this.#exchange.raw(0, chunk)) return this.#halt("request");
		return this.#feedClient(chunk);
	}

	#feedClient(chunk: Uint8Array): StreamAnswer {
		const http = this.#http;
		const passed = http.feedRequest(chunk);
		const state = http.requestState;
		if (state === "stopped" || state === "refused" || this.#exchange.settle()) return this.#halt("request");
		if (this.#webSocket !== undefined) return this.#frames(this.#webSocket, "client", chunk);
		this.isClientWaiting = state === "waiting" && passed < chunk.length;
		this.#waiting = this.isClientWaiting ? chunk.subarray(passed) : undefined;
		return this.#pass(http.releasedRequest, chunk, http.cutRequest, passed);
	}

	clientMayGoOn(): StreamAnswer {
		const waiting = this.#waiting;
		if (waiting === undefined || this.#http.requestState === "waiting") return hold;
		this.#waiting = undefined;
		this.isClientWaiting = false;
		const answer = this.#feedClient(waiting);
		if (answer !== forward) return answer;
		// The relay has no chunk at hand that it could forward.
		this.released.push(waiting);
		return release;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		if (this.#webSocket !== undefined) return this.#frames(this.#webSocket, "server", chunk);
		if (this.#exchange.raw(1, chunk)) return this.#halt("response");
		const http = this.#http;
		const passed = http.feedResponse(chunk);
		const cut = http.cutResponse;
		const state = http.responseState;
		if (state === "stopped" || state === "refused") return this.#halt("response");
		if (!this.#mayHold && this.#held.length === 0) {
			const answer = this.#pass(http.releasedResponse, chunk, cut, passed);
			return this.#webSocket === undefined ? answer : this.#begun(this.#webSocket, answer, chunk.subarray(passed));
		}
		if (http.releasedResponse !== undefined) this.#keep(http.releasedResponse);
		if (passed > cut) this.#keep(chunk.subarray(cut, passed));
		if (this.#mayHold && this.#heldOctets <= maxHeldOctets) return hold;
		return this.#releaseHeld();
	}

	clientEnded(): StreamAnswer {
		if (this.#http.endRequest() !== undefined) return this.#halt("request");
		return forward;
	}

	serverEnded(): StreamAnswer {
		if (this.#http.endResponse() !== undefined || this.#http.responseState === "stopped") return this.#halt("response");
		return this.#held.length === 0 ? forward : this.#releaseHeld();
	}

	close(): void {
		this.#exchange.close();
		this.#webSocket?.close();
		this.#held = [];
		this.#waiting = undefined;
	}

	requestHead(head: RequestHead): boolean {
		this.requests++;
		return this.#exchange.requestHead(head);
	}

	requestBody(octets: Uint8Array, start: number, end: number): boolean {
		return this.#exchange.requestBody(octets, start, end);
	}

	requestEnd(trailers: readonly Header[]): boolean {
		return this.#exchange.requestEnd(trailers);
	}

	responseHead(head: ResponseHead, request: RequestHead): boolean {
		if (this.#exchange.responseHead(head, request)) return true;
		if (!head.isInterim) this.#mayHold = head.framing === "length" && head.contentLength <= maxHeldOctets;
		return false;
	}

	responseBody(octets: Uint8Array, start: number, end: number): boolean {
		return this.#exchange.responseBody(octets, start, end);
	}

	responseEnd(trailers: readonly Header[]): boolean {
		if (this.#exchange.responseEnd(trailers)) return true;
		this.#mayHold = false;
		return false;
	}

	upgraded(protocol: string, head: ResponseHead, request: RequestHead): "stop" | "stream" | "hand-over" {
		this.#mayHold = false;
		if (protocol !== "websocket") return "stream";
		const terms = webSocketTerms(request, head);
		if (typeof terms === "string") {
			this.#upgradeFault = fault("WEBSOCKET_MALFORMED", `WebSocket server: ${terms}`, { got: terms });
			return "stop";
		}
		this.#webSocket = new WebSocketInspection(
			terms,
			this.#exchange,
			this.#sessionId,
			this.#maxDecodedOctets,
			maxHeldOctets,
		);
		return "hand-over";
	}

	streamFromClient(octets: Uint8Array, start: number, end: number): boolean {
		return this.#exchange.streamFromClient(octets, start, end);
	}

	streamFromServer(octets: Uint8Array, start: number, end: number): boolean {
		return this.#exchange.streamFromServer(octets, start, end);
	}

	/** The first frames of the server may come with its answer: `rest`. */
	#begun(webSocket: WebSocketInspection, answer: StreamAnswer, rest: Uint8Array): StreamAnswer {
		if (rest.length === 0) return answer;
		const then = this.#frames(webSocket, "server", rest);
		if (then === forward) this.released.push(rest);
		return then === stop ? stop : release;
	}

	#frames(webSocket: WebSocketInspection, side: "client" | "server", chunk: Uint8Array): StreamAnswer {
		const before = this.released.length;
		if (webSocket.feed(side, chunk, this.released)) {
			this.stop = webSocket.stop(side, side === "server" ? this.released : []);
			this.released.length = 0;
			return stop;
		}
		if (this.released.length === before) return hold;
		if (this.released.length > before + 1 || this.released[before] !== chunk) return release;
		this.released.pop();
		return forward;
	}

	#pass(earlier: Uint8Array | undefined, chunk: Uint8Array, cut: number, passed: number): StreamAnswer {
		if (earlier === undefined) {
			if (passed === chunk.length) return forward;
			if (passed === 0) return hold;
		} else this.released.push(earlier);
		if (passed > cut) this.released.push(chunk.subarray(cut, passed));
		return release;
	}

	#keep(octets: Uint8Array): void {
		this.#held.push(octets);
		this.#heldOctets += octets.length;
	}

	#releaseHeld(): StreamAnswer {
		this.#mayHold = false;
		this.#heldOctets = 0;
		if (this.#held.length === 0) return hold;
		this.released.push(...this.#held);
		this.#held = [];
		return release;
	}

	#halt(side: "request" | "response"): StreamAnswer {
		const http = this.#http;
		const isWholeHeld = side === "response" && this.#held.length > 0 && http.openRequests <= 1;
		const mayAnswer = http.mayAnswer || isWholeHeld;
		this.#held = [];
		this.released.length = 0;
		const { blocked } = this.#exchange;
		const failure = this.#exchange.decodeFault ?? this.#upgradeFault ?? http.fault;
		const isHeadOnly = this.#exchange.request?.method === "HEAD" && side === "response";
		const page = { sessionId: this.#sessionId, isHeadOnly };
		if (blocked !== undefined) {
			const answer = encodeBlockPage({ ...page, ...blockNotice(blocked, this.#exchange.answer) });
			const why = `blocked by ${blocked.service} "${blocked.name}" in ${blocked.where}`;
			this.stop = { answer: mayAnswer ? answer : undefined, why };
			return stop;
		}
		const status = side === "response" ? 502 : failure?.code === "HTTP_HEAD_TOO_LARGE" ? 431 : 400;
		const sentence =
			side === "response" ? "The answer of the site is not valid HTTP." : "The request is not valid HTTP.";
		const answer = encodeBlockPage({ ...page, status, sentence });
		const why = failure?.message ?? "the stream was stopped";
		this.stop = {
			answer: mayAnswer ? answer : undefined,
			why,
			...(failure === undefined ? {} : { faultCode: failure.code }),
		};
		return stop;
	}
}

const maxHeldOctets = 16_384;
