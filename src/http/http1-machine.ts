/**
 * HTTP/1.1 between a client and a server, seen from the middle: both directions of one connection are parsed strictly,
 * told to a sink, and the original octets are released for forwarding (RFC 9112).
 *
 * The two directions are coupled: a response is framed by its request, a request behind CONNECT or Upgrade waits for
 * the answer, pipelining is bounded. Nothing that was not understood is released.
 *
 * Use, for each direction:
 *
 *   const passed = http.feedRequest(chunk);
 *   if (http.releasedRequest !== undefined) forward(http.releasedRequest);
 *   if (passed > http.cutRequest) forward(chunk.subarray(http.cutRequest, passed));
 *   if (http.requestState === "waiting") keep chunk.subarray(passed), feed it again once that ends
 *
 * Octets behind `passed` are otherwise kept by the machine (an incomplete head) or will never be forwarded ("stopped",
 * "refused").
 */
import { type Fault, fault } from "#base/fault.ts";
import { chunkData, chunkLast, chunkNeedMore } from "#http/body.ts";
import { editSection, type HeadEdits } from "#http/field-edit.ts";
import { type Header, headerTokens, parseFieldLines, type RequestHead, type ResponseHead } from "#http/head.ts";
import { latin1 } from "#http/head-octets.ts";
import { finishRequestHead, finishResponseHead } from "#http/head-rules.ts";
import { scanDone, scanNeedMore } from "#http/head-scanner.ts";
import {
	Http1Direction,
	type Http1Limits,
	type Http1State,
	inChunked,
	inEnd,
	inHead,
	inLength,
	inStream,
	inTrailers,
	inUntilClose,
} from "#http/http1-direction.ts";

/**
 * What happens on the connection, in order. A method that answers `true` stops its direction: what it was just told
 * and everything behind it is not released. The octets of a body lie in `octets[start..end)`, decoded from chunked
 * framing, and are valid during the call only.
 *
 * A sink does not feed the machine from within a call.
 */
export interface Http1Sink {
	requestHead(head: RequestHead): boolean;
	requestBody(octets: Uint8Array, start: number, end: number): boolean;
	requestEnd(trailers: readonly Header[]): boolean;
	/** Also told for interim responses (`head.isInterim`), which have no body and no end. */
	responseHead(head: ResponseHead, request: RequestHead): boolean;
	responseBody(octets: Uint8Array, start: number, end: number): boolean;
	responseEnd(trailers: readonly Header[]): boolean;
	/**
	 * From here on both directions carry octets of `protocol`: the Upgrade token in lower case, or "connect". They are told
	 * and released as a stream, or left to the caller, who then feeds nothing more.
	 */
	upgraded(protocol: string, head: ResponseHead, request: RequestHead): "stop" | "stream" | "hand-over";
	streamFromClient(octets: Uint8Array, start: number, end: number): boolean;
	streamFromServer(octets: Uint8Array, start: number, end: number): boolean;
}

export const defaultHttp1Limits: Http1Limits = { maxHeadOctets: 65_536, maxHeaders: 256, maxPipelined: 32 };

/** One connection. Bounds: `limits`; no allocation per chunk of body, one head object per message. */
export class Http1Connection {
	readonly #sink: Http1Sink;
	readonly #edits: HeadEdits;
	readonly #limits: Http1Limits;
	readonly #request: Http1Direction;
	readonly #response: Http1Direction;
	/** A ring of the requests whose response has not ended. */
	readonly #open: (RequestHead | undefined)[];
	#firstOpen = 0;
	#openCount = 0;
	#awaitsSwitch = false;
	#isHandedOver = false;

	constructor(sink: Http1Sink, limits: Http1Limits = defaultHttp1Limits, edits: HeadEdits = noEdits) {
		this.#sink = sink;
		this.#edits = edits;
		this.#limits = limits;
		this.#request = new Http1Direction("request", limits);
		this.#response = new Http1Direction("response", limits);
		this.#open = new Array(limits.maxPipelined).fill(undefined);
	}

	/** Takes octets of the client; answers how many of them may be forwarded now, behind `releasedRequest`. */
	feedRequest(chunk: Uint8Array): number {
		return this.#feed(this.#request, chunk);
	}

	/** Takes octets of the server; answers how many of them may be forwarded now, behind `releasedResponse`. */
	feedResponse(chunk: Uint8Array): number {
		return this.#feed(this.#response, chunk);
	}

	/** Octets kept from earlier chunks that the last `feedRequest` released. */
	get releasedRequest(): Uint8Array | undefined {
		return this.#request.released;
	}

	/** Octets kept from earlier chunks that the last `feedResponse` released. */
	get releasedResponse(): Uint8Array | undefined {
		return this.#response.released;
	}

	/** Where what the last `feedRequest` lets pass begins in its chunk: 0 unless a head was changed. */
	get cutRequest(): number {
		return this.#request.cut;
	}

	/** Where what the last `feedResponse` lets pass begins in its chunk. */
	get cutResponse(): number {
		return this.#response.cut;
	}

	/** The client sends nothing more. A fault when that cuts a message. */
	endRequest(): Fault | undefined {
		const side = this.#request;
		if (side.state !== "open") return side.fault;
		if (side.isBetweenMessages || side.phase === inStream) side.state = "ended";
		else this.#truncated(side);
		return side.fault;
	}

	/** The server sends nothing more. Ends a body that lasts until then; a fault when a message is cut. */
	endResponse(): Fault | undefined {
		const side = this.#response;
		if (side.state !== "open") return side.fault;
		if (side.phase === inUntilClose) {
			side.state = this.#sink.responseEnd(noTrailers) ? "stopped" : "ended";
			this.#closeOldest();
		} else if (side.isBetweenMessages || side.phase === inStream) side.state = "ended";
		else this.#truncated(side);
		return side.fault;
	}

	get requestState(): Http1State {
		return this.#request.state === "open" && this.#mustWait() ? "waiting" : this.#request.state;
	}

	get responseState(): Http1State {
		return this.#response.state;
	}

	/** The first fault of either direction. It stays, and its direction releases nothing more. */
	get fault(): Fault | undefined {
		return this.#request.fault ?? this.#response.fault;
	}

	/** Requests that were released and whose response has not ended. */
	get openRequests(): number {
		return this.#openCount;
	}

	/** HTTP is over; both directions carry another protocol. */
	get isUpgraded(): boolean {
		return this.#response.phase === inStream;
	}

	/**
	 * The client can take a response of our own now, and would read it as the answer to what was stopped or refused: no
	 * octet of another response is under way and every earlier request has been answered.
	 */
	get mayAnswer(): boolean {
		if (this.#response.isUnderWay) return false;
		if (this.#response.state === "stopped" || this.#response.state === "refused") return this.#openCount > 0;
		return this.#openCount === (this.#request.isInMessage ? 1 : 0);
	}

	#feed(side: Http1Direction, chunk: Uint8Array): number {
		side.beginChunk();
		const end = chunk.length;
		let at = 0;
		while (at < end && side.state === "open") {
			switch (side.phase) {
				case inHead:
					if (side.isBetweenMessages && !this.#mayBegin(side)) return side.passed;
					at = this.#section(side, chunk, at, end);
					break;
				case inTrailers:
					at = this.#section(side, chunk, at, end);
					break;
				case inLength:
					at = this.#lengthBody(side, chunk, at, end);
					break;
				case inChunked:
					at = this.#chunkedBody(side, chunk, at, end);
					break;
				case inUntilClose:
					if (this.#body(side, chunk, at, end)) return side.passed;
					at = side.pass(end);
					break;
				default:
					if (this.#isHandedOver) return side.passed;
					if (this.#stream(side, chunk, at, end)) return side.passed;
					at = side.pass(end);
			}
		}
		return side.passed;
	}

	/** False when the message that begins here is not to be read: too early, or nobody asked for it. */
	#mayBegin(side: Http1Direction): boolean {
		if (side === this.#request) return !this.#mustWait();
		if (this.#openCount > 0) return true;
		this.#refuse(side, "HTTP_MESSAGE_MALFORMED", "octets of a response that no request asked for");
		return false;
	}

	#mustWait(): boolean {
		if (!this.#request.isBetweenMessages) return false;
		return this.#awaitsSwitch || this.#openCount >= this.#limits.maxPipelined;
	}

	/** Reads on in a head or trailer section; answers where to go on in the chunk. */
	#section(side: Http1Direction, chunk: Uint8Array, at: number, end: number): number {
		const { scanner } = side;
		const before = side.heldLength;
		let octets = chunk;
		let base = at;
		let result = before === 0 ? scanner.scan(chunk, at, Math.min(end, at + side.maxHeadOctets)) : scanNeedMore;
		if (result === scanNeedMore) {
			let taken = at;
			if (before > 0) {
				// Only so much is copied as the section needs, give or take a slice.
				while (result === scanNeedMore && taken < end && side.heldLength < side.maxHeadOctets) {
					const next = Math.min(end, taken + holdSlice, taken + side.maxHeadOctets - side.heldLength);
					side.hold(chunk, taken, next);
					taken = next;
					result = scanner.scan(side.held, 0, side.heldLength);
				}
				octets = side.held;
				base = 0;
			}
			if (result === scanNeedMore) {
				if (scanner.scanned >= side.maxHeadOctets) {
					const what = side.phase === inTrailers ? "trailer section" : "head";
					this.#refuse(side, "HTTP_HEAD_TOO_LARGE", `a ${what} of more than ${side.maxHeadOctets} octets`);
				} else if (before === 0) side.hold(chunk, at, end);
				return end;
			}
		}
		const next = at + scanner.length - before;
		if (result !== scanDone) {
			this.#refuse(side, "HTTP_MESSAGE_MALFORMED", scanner.reason);
			return end;
		}
		const edited = this.#edited(side, octets, base);
		if (side.phase === inHead) side.beginMessage(at);
		if (before > 0) side.release(before);
		if (!this.#sectionDone(side, octets, base)) {
			if (before > 0) side.released = undefined;
			return end;
		}
		return edited === undefined ? side.pass(next) : side.replace(chunk, at, next, edited, before > 0);
	}

	/** A complete section as it goes on; undefined when it does as it came. */
	#edited(side: Http1Direction, octets: Uint8Array, base: number): Uint8Array | undefined {
		const edit = side === this.#request ? this.#edits.request : this.#edits.response;
		if (edit === undefined) return undefined;
		const { start, length } = side.scanner;
		const isTrailers = side.phase === inTrailers;
		const text = latin1(octets, base + (isTrailers ? 0 : start), base + length);
		return editSection(text, isTrailers ? "trailers" : "head", edit);
	}

	/** Acts on a complete section; false when nothing of it may be released. */
	#sectionDone(side: Http1Direction, octets: Uint8Array, base: number): boolean {
		if (side.phase === inTrailers) {
			const trailers =
				side.scanner.headers === 0 ? noTrailers : parseFieldLines(latin1(octets, base, base + side.scanner.length), 0);
			return !this.#end(side, trailers);
		}
		return side === this.#request ? this.#requestHead(octets, base) : this.#responseHead(octets, base);
	}

	#requestHead(octets: Uint8Array, base: number): boolean {
		const side = this.#request;
		const head = finishRequestHead(side.scanner, octets, base);
		if (head === undefined) return this.#refuse(side, "HTTP_MESSAGE_MALFORMED", side.scanner.reason);
		if (this.#sink.requestHead(head)) return side.stop();
		this.#open[(this.#firstOpen + this.#openCount) % this.#open.length] = head;
		this.#openCount++;
		if (head.hasUpgrade || head.method === "CONNECT") this.#awaitsSwitch = true;
		side.enterBody(head.framing, head.contentLength);
		return side.phase !== inEnd || !this.#end(side, noTrailers);
	}

	#responseHead(octets: Uint8Array, base: number): boolean {
		const side = this.#response;
		const request = this.#open[this.#firstOpen] as RequestHead;
		const head = finishResponseHead(side.scanner, octets, base, request);
		if (head === undefined) return this.#refuse(side, "HTTP_MESSAGE_MALFORMED", side.scanner.reason);
		const protocol = head.framing === "tunnel" ? tunnelProtocol(head, request) : undefined;
		if (head.framing === "tunnel") {
			if (protocol === undefined) {
				return this.#refuse(side, "HTTP_MESSAGE_MALFORMED", "an upgrade to a protocol that the client did not offer");
			}
			if (this.#request.isInMessage) {
				return this.#refuse(side, "HTTP_MESSAGE_MALFORMED", "a switch of protocol before the request has ended");
			}
		}
		if (this.#sink.responseHead(head, request)) return side.stop();
		if (head.isInterim) {
			side.begin();
			return true;
		}
		if (protocol !== undefined) {
			const then = this.#sink.upgraded(protocol, head, request);
			if (then === "stop") return side.stop();
			this.#isHandedOver = then === "hand-over";
			this.#closeOldest();
			this.#awaitsSwitch = false;
			this.#request.phase = inStream;
			side.phase = inStream;
			return true;
		}
		side.enterBody(head.framing, head.contentLength);
		return side.phase !== inEnd || !this.#end(side, noTrailers);
	}

	#lengthBody(side: Http1Direction, chunk: Uint8Array, at: number, end: number): number {
		const next = Math.min(end, at + side.remaining);
		if (this.#body(side, chunk, at, next)) return end;
		side.remaining -= next - at;
		if (side.remaining === 0 && this.#end(side, noTrailers)) return end;
		return side.pass(next);
	}

	#chunkedBody(side: Http1Direction, chunk: Uint8Array, at: number, end: number): number {
		const { chunked } = side;
		const result = chunked.read(chunk, at, end);
		if (result === chunkData) {
			if (this.#body(side, chunk, chunked.dataStart, chunked.dataEnd)) return end;
		} else if (result === chunkLast) {
			side.beginTrailers();
		} else if (result !== chunkNeedMore) {
			this.#refuse(side, "HTTP_MESSAGE_MALFORMED", chunked.reason);
			return end;
		}
		return side.pass(chunked.position);
	}

	/** Tells octets of a body; true when the sink stops. */
	#body(side: Http1Direction, chunk: Uint8Array, at: number, end: number): boolean {
		const stops =
			side === this.#request ? this.#sink.requestBody(chunk, at, end) : this.#sink.responseBody(chunk, at, end);
		return stops && !side.stop();
	}

	#stream(side: Http1Direction, chunk: Uint8Array, at: number, end: number): boolean {
		const stops =
			side === this.#request
				? this.#sink.streamFromClient(chunk, at, end)
				: this.#sink.streamFromServer(chunk, at, end);
		return stops && !side.stop();
	}

	/** Tells the end of a message; true when the sink stops. */
	#end(side: Http1Direction, trailers: readonly Header[]): boolean {
		if (side === this.#request) {
			if (this.#sink.requestEnd(trailers)) return !side.stop();
		} else {
			if (this.#sink.responseEnd(trailers)) return !side.stop();
			this.#closeOldest();
		}
		side.begin();
		return false;
	}

	#closeOldest(): void {
		const request = this.#open[this.#firstOpen];
		if (request?.hasUpgrade || request?.method === "CONNECT") this.#awaitsSwitch = false;
		this.#open[this.#firstOpen] = undefined;
		this.#firstOpen = (this.#firstOpen + 1) % this.#open.length;
		this.#openCount--;
	}

	#truncated(side: Http1Direction): void {
		const where = side.phase === inHead ? "head" : side.phase === inTrailers ? "trailer section" : "body";
		const missing = side.phase === inLength ? `; ${side.remaining} octets are missing` : "";
		this.#refuse(side, "HTTP_MESSAGE_TRUNCATED", `the connection ended inside the ${where}${missing}`);
	}

	#refuse(
		side: Http1Direction,
		code: "HTTP_MESSAGE_MALFORMED" | "HTTP_HEAD_TOO_LARGE" | "HTTP_MESSAGE_TRUNCATED",
		reason: string,
	): false {
		side.takeBack();
		side.state = "refused";
		side.fault = fault(code, `HTTP/1.1 ${side.name}: ${reason}`, { got: reason });
		return false;
	}
}

/** The protocol that a tunnel carries; undefined when the client did not offer it (RFC 9110 §7.8). */
function tunnelProtocol(head: ResponseHead, request: RequestHead): string | undefined {
	if (head.status !== 101) return "connect";
	const chosen = headerTokens(head, "upgrade");
	const offered = headerTokens(request, "upgrade");
	if (chosen.length === 0 || !chosen.every((protocol) => offered.includes(protocol))) return undefined;
	return chosen.join(",");
}

const noTrailers: readonly Header[] = [];
const noEdits: HeadEdits = {};
const holdSlice = 4_096;
