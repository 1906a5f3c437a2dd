/**
 * A decrypted HTTP/1.1 connection on its way through the inspection services.
 *
 * The head of a response and a small body are held until they were inspected, so that a blocked one is answered with a
 * page; a larger body streams, and a match in it cuts the connection.
 *
 * Bounds: what the HTTP machine holds (one head per direction), `maxHeldOctets` of a response and one chunk of the client.
 */
import type { Fault } from "#base/fault.ts";
import { type Header, headerValue, type RequestHead, type ResponseHead } from "#http/head.ts";
import { Http1Connection, type Http1Sink } from "#http/http1-machine.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import { type ContentDecoder, openContentDecoder } from "#inspect/content-decoding.ts";
import {
	forward,
	hold,
	type PlaintextStream,
	release,
	type StreamAnswer,
	type StreamStop,
	stop,
} from "#inspect/plaintext-stream.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";
import type { Finding, InspectionState } from "#telemetry/session-record.ts";

export class Http1Stream implements PlaintextStream, Http1Sink {
	readonly released: Uint8Array[] = [];
	readonly findings: Finding[] = [];
	readonly inspection: InspectionState = "inspected";
	requests = 0;
	isClientWaiting = false;
	stop: StreamStop | undefined;
	readonly #http: Http1Connection;
	readonly #services: readonly { readonly name: string; readonly connection: ServiceConnection }[];
	readonly #sessionId: string;
	readonly #maxDecodedOctets: number;
	#request: RequestHead | undefined;
	#requestDecoder: ContentDecoder | undefined;
	#responseDecoder: ContentDecoder | undefined;
	#isRequestEncoded = false;
	#isResponseEncoded = false;
	#isPartial = false;
	#blocked: Finding | undefined;
	#decodeFault: Fault | undefined;
	/** Octets of the client that wait for the server to answer (pipelining, upgrade). */
	#waiting: Uint8Array | undefined;
	/** The response under way so far, while nothing of it was sent. */
	#held: Uint8Array[] = [];
	#heldOctets = 0;
	#mayHold = false;

	constructor(services: readonly InspectionService[], sessionId: string, maxDecodedOctets: number) {
		this.#http = new Http1Connection(this);
		this.#services = services.map((service) => ({ name: service.name, connection: service.open() }));
		this.#sessionId = sessionId;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		const http = this.#http;
		const passed = http.feedRequest(chunk);
		const state = http.requestState;
		if (state === "stopped" || state === "refused") return this.#halt("request");
		this.isClientWaiting = state === "waiting" && passed < chunk.length;
		this.#waiting = this.isClientWaiting ? chunk.subarray(passed) : undefined;
		return this.#pass(http.releasedRequest, chunk, passed);
	}

	clientMayGoOn(): StreamAnswer {
		const waiting = this.#waiting;
		if (waiting === undefined || this.#http.requestState === "waiting") return hold;
		this.#waiting = undefined;
		this.isClientWaiting = false;
		const answer = this.fromClient(waiting);
		if (answer !== forward) return answer;
		// The relay has no chunk at hand that it could forward.
		this.released.push(waiting);
		return release;
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		const http = this.#http;
		const passed = http.feedResponse(chunk);
		const state = http.responseState;
		if (state === "stopped" || state === "refused") return this.#halt("response");
		if (!this.#mayHold && this.#held.length === 0) return this.#pass(http.releasedResponse, chunk, passed);
		if (http.releasedResponse !== undefined) this.#keep(http.releasedResponse);
		if (passed > 0) this.#keep(passed === chunk.length ? chunk : chunk.subarray(0, passed));
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
		this.#requestDecoder?.close();
		this.#responseDecoder?.close();
		this.#requestDecoder = undefined;
		this.#responseDecoder = undefined;
		this.#held = [];
		this.#waiting = undefined;
	}

	requestHead(head: RequestHead): boolean {
		this.requests++;
		this.#request = head;
		const coding = this.#decoderFor(head, "request-body");
		this.#requestDecoder = coding;
		this.#isRequestEncoded = coding !== undefined;
		const stops =
			this.#look("url", Buffer.from(head.target, "latin1")) ||
			this.#look("request-headers", Buffer.from(head.text, "latin1"));
		this.#ended("url");
		this.#ended("request-headers");
		return stops;
	}

	requestBody(octets: Uint8Array, start: number, end: number): boolean {
		if (!this.#isRequestEncoded) return this.#look("request-body", wholeOrPart(octets, start, end));
		return this.#decode(this.#requestDecoder, "request-body", octets, start, end);
	}

	requestEnd(trailers: readonly Header[]): boolean {
		const stops = this.#isRequestEncoded && this.#decodeEnd(this.#requestDecoder, "request-body");
		this.#requestDecoder = undefined;
		this.#ended("request-body");
		return stops || this.#lookAtTrailers("request-headers", trailers);
	}

	responseHead(head: ResponseHead, request: RequestHead): boolean {
		if (this.#look("response-headers", Buffer.from(head.text, "latin1"))) return true;
		this.#ended("response-headers");
		if (head.isInterim) return false;
		this.#request = request;
		const coding = head.framing === "none" ? undefined : this.#decoderFor(head, "response-body");
		this.#isPartial = head.status === 206;
		this.#responseDecoder = coding;
		this.#isResponseEncoded = coding !== undefined;
		this.#mayHold = head.framing === "length" && head.contentLength <= maxHeldOctets;
		return false;
	}

	responseBody(octets: Uint8Array, start: number, end: number): boolean {
		if (!this.#isResponseEncoded) return this.#look("response-body", wholeOrPart(octets, start, end));
		return this.#decode(this.#responseDecoder, "response-body", octets, start, end);
	}

	responseEnd(trailers: readonly Header[]): boolean {
		const isBlocked = this.#isResponseEncoded && this.#decodeEnd(this.#responseDecoder, "response-body");
		this.#responseDecoder = undefined;
		this.#ended("response-body");
		const stops = isBlocked || this.#lookAtTrailers("response-headers", trailers);
		if (!stops) this.#mayHold = false;
		return stops;
	}

	upgraded(_protocol: string): boolean {
		this.#mayHold = false;
		return false;
	}

	streamFromClient(octets: Uint8Array, start: number, end: number): boolean {
		return this.#look("stream-to-server", wholeOrPart(octets, start, end));
	}

	streamFromServer(octets: Uint8Array, start: number, end: number): boolean {
		return this.#look("stream-to-client", wholeOrPart(octets, start, end));
	}

	#pass(earlier: Uint8Array | undefined, chunk: Uint8Array, passed: number): StreamAnswer {
		if (earlier === undefined) {
			if (passed === chunk.length) return forward;
			if (passed === 0) return hold;
		} else this.released.push(earlier);
		if (passed > 0) this.released.push(passed === chunk.length ? chunk : chunk.subarray(0, passed));
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

	/** Shows octets of a place to every service; true when one of them blocks. */
	#look(place: Place, octets: Uint8Array): boolean {
		for (const { name, connection } of this.#services) {
			const found = connection.octets(place, octets);
			if (found !== undefined && this.#note(name, found)) return true;
		}
		return false;
	}

	#lookAtTrailers(place: Place, trailers: readonly Header[]): boolean {
		if (trailers.length === 0) return false;
		const text = trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
		const stops = this.#look(place, Buffer.from(text, "latin1"));
		this.#ended(place);
		return stops;
	}

	#ended(place: Place): void {
		for (const { connection } of this.#services) connection.ended(place);
	}

	#note(service: string, found: ServiceFinding): boolean {
		const { name, place, verdict } = found;
		const request = this.#request === undefined ? {} : { request: describeRequest(this.#request) };
		const finding: Finding = { service, name, where: place, verdict, ...request };
		if (this.findings.length < maxFindings || verdict === "block") this.findings.push(finding);
		if (verdict !== "block") return false;
		this.#blocked = finding;
		return true;
	}

	#decoderFor(head: RequestHead | ResponseHead, place: Place): ContentDecoder | undefined {
		const coding = headerValue(head, "content-encoding");
		if (coding === undefined) return undefined;
		const decoder = openContentDecoder(coding, { maxDecodedOctets: this.#maxDecodedOctets });
		if (typeof decoder !== "string") return decoder;
		if (decoder === "unknown")
			this.#note("content-decoding", { name: "unknown content coding", place, verdict: "report" });
		return undefined;
	}

	#decode(decoder: ContentDecoder | undefined, place: Place, octets: Uint8Array, start: number, end: number): boolean {
		if (decoder === undefined) return false;
		decoder.write(octets, start, end);
		return this.#drain(decoder, place);
	}

	#decodeEnd(decoder: ContentDecoder | undefined, place: Place): boolean {
		if (decoder === undefined) return false;
		decoder.finish();
		const stops = this.#drain(decoder, place);
		decoder.close();
		return stops;
	}

	#drain(decoder: ContentDecoder, place: Place): boolean {
		for (;;) {
			const count = decoder.read();
			if (count === 0) return false;
			if (count < 0) return this.#decodeFailed(decoder.fault, place);
			if (this.#look(place, decoder.output.subarray(0, count))) return true;
		}
	}

	/**
	 * A body that cannot be decoded is blocked. One beyond the cap, or a part that cannot be decoded without the rest, goes
	 * on uninspected and the record says so.
	 */
	#decodeFailed(failure: Fault | undefined, place: Place): boolean {
		if (failure === undefined) return false;
		const isCap = failure.code === "CONTENT_TOO_LARGE_DECODED";
		const isPart = this.#isPartial && place === "response-body";
		this.#note("content-decoding", { name: failure.message, place, verdict: "report" });
		if (place === "request-body") this.#requestDecoder = undefined;
		else this.#responseDecoder = undefined;
		if (isCap || isPart) return false;
		this.#decodeFault = failure;
		return true;
	}

	#halt(side: "request" | "response"): StreamAnswer {
		const http = this.#http;
		const isWholeHeld = side === "response" && this.#held.length > 0 && http.openRequests <= 1;
		const mayAnswer = http.mayAnswer || isWholeHeld;
		this.#held = [];
		this.released.length = 0;
		const blocked = this.#blocked;
		const failure = this.#decodeFault ?? http.fault;
		const isHeadOnly = this.#request?.method === "HEAD" && side === "response";
		const page = { sessionId: this.#sessionId, isHeadOnly };
		if (blocked !== undefined) {
			const sentence = "The content of this exchange was blocked.";
			const answer = encodeBlockPage({ ...page, status: 403, sentence, rule: `${blocked.service} ${blocked.name}` });
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

/** Method, host and path; the query's text may hold secrets and is left out. */
function describeRequest(head: RequestHead): string {
	const target = head.target.split("?", 1)[0] ?? "";
	return `${head.method} ${headerValue(head, "host") ?? ""}${target}`.slice(0, maxRequestText);
}

function wholeOrPart(octets: Uint8Array, start: number, end: number): Uint8Array {
	return start === 0 && end === octets.length ? octets : octets.subarray(start, end);
}

const maxHeldOctets = 16_384;
const maxFindings = 32;
const maxRequestText = 200;
