/**
 * Responses of HTTP/2 that are held until their end was inspected, so that a blocked one can still become a page.
 *
 * One of an announced length is held when it is small and the server can send all of it without a word of the client:
 * windows travel end to end, and a client that gets nothing gives nothing. One of untold length is held to the end of the
 * chunk, for it may be whole in there. What comes whole in one chunk is never cut out of it.
 *
 * Bounds: `maxHeldOctets` an exchange, `maxHeldTogether` a connection, one chunk.
 */
import type { ResponseHead } from "#http/head.ts";
import type { FieldBlock, Http2Exchange } from "#http/http2-exchange.ts";
import { type FrameHeader, frameHeaderOctets, frameTypes } from "#http/http2-frame.ts";
import type { Http2Limits } from "#http/http2-limits.ts";
import type { Http2Side } from "#http/http2-side.ts";
import type { ClientWindow } from "#http/http2-windows.ts";

export class HeldResponses<Context> {
	readonly #server: Http2Side<Context>;
	readonly #window: ClientWindow;
	readonly #limits: Http2Limits;
	/** Exchanges whose length was announced, and the octets that they still wait for. */
	readonly #waiting = new Set<Http2Exchange<Context>>();
	#awaited = 0;
	/** Exchanges that are held up to the end of the chunk. */
	readonly #forChunk: Http2Exchange<Context>[] = [];
	/** The exchange whose head and body so far are the last of the chunk that was read, and still lie in it. */
	#uncut: Http2Exchange<Context> | undefined = undefined;
	/** Where the body begins behind that head, and where the frame at hand begins. */
	#uncutBody = 0;
	#frameAt = 0;

	constructor(server: Http2Side<Context>, window: ClientWindow, limits: Http2Limits) {
		this.#server = server;
		this.#window = window;
		this.#limits = limits;
	}

	/** Exchanges that wait for octets of the server. */
	waiting(): Http2Exchange<Context>[] {
		return [...this.#waiting];
	}

	/** A frame of the server begins at `at` in the chunk; `header` when it is there. */
	frameBegins(at: number, end: number, header: FrameHeader | undefined): void {
		if (this.#uncut === undefined) return;
		this.#frameAt = at;
		const isItsBody = header?.type === frameTypes.data && header.stream === this.#uncut.stream;
		if (!isItsBody || at + frameHeaderOctets + header.length > end) this.#cut();
	}

	/** The chunk is read. */
	chunkEnds(end: number): void {
		this.#frameAt = end;
		if (this.#uncut !== undefined) this.#cut();
		if (this.#forChunk.length > 0) this.#releaseChunk();
	}

	/** Holds a response whose head is the frame at hand; false when it goes on. */
	hold(exchange: Http2Exchange<Context>, head: ResponseHead, block: FieldBlock, chunkEnd: number): boolean {
		if (head.framing === "length" && this.#mayWait(exchange, head.contentLength)) {
			this.#waiting.add(exchange);
			this.#awaited += head.contentLength;
		} else if (head.framing === "chunked" && !exchange.isTunnel) this.#forChunk.push(exchange);
		else return false;
		exchange.heldHead = block;
		if (chunkEnd !== -1 && this.#server.isInTurn(block)) {
			this.#uncut = exchange;
			this.#uncutBody = chunkEnd;
		} else if (chunkEnd !== -1) this.#server.drop(chunkEnd);
		return true;
	}

	/** Holds frames of body, or a part of one whose header is held already: `chunk[start..end)`. */
	body(exchange: Http2Exchange<Context>, chunk: Uint8Array, start: number, end: number, counted: number): void {
		exchange.heldOctets += counted;
		if (exchange === this.#uncut) return;
		exchange.held.push(chunk.subarray(start, end));
		this.#server.drop(end);
	}

	/** The response is whole, and ends at `end` in the chunk. */
	end(exchange: Http2Exchange<Context>, end: number): void {
		if (exchange !== this.#uncut) return this.release(exchange);
		this.forget(exchange);
		exchange.heldOctets = 0;
		exchange.hasAnswered = true;
		this.#server.passTurn(end);
	}

	/** Octets of body came that `body` is told of later. */
	came(exchange: Http2Exchange<Context>, octets: number): void {
		if (this.#waiting.has(exchange)) this.#awaited -= octets;
	}

	/** Takes octets of the server off the windows; nothing is held on that would then have no end. */
	count(exchange: Http2Exchange<Context> | undefined, octets: number): void {
		this.#window.take(octets);
		if (exchange !== undefined) exchange.serverCredit -= octets;
		if (this.#waiting.size === 0) return;
		const isWaiting = exchange !== undefined && this.#waiting.has(exchange);
		const own = isWaiting ? Math.min(octets, exchange.responseLeft) : 0;
		if (this.#awaited - own > this.#window.serverCredit) this.releaseAll();
		else if (isWaiting && exchange.responseLeft - own > exchange.serverCredit) this.release(exchange);
	}

	release(exchange: Http2Exchange<Context>): void {
		const { heldHead } = exchange;
		if (heldHead === undefined) return;
		if (exchange === this.#uncut) this.#cut();
		const { held } = exchange;
		this.forget(exchange);
		exchange.heldOctets = 0;
		exchange.hasAnswered = true;
		this.passBlock(exchange, heldHead, -1);
		for (const octets of held) this.#server.insert(octets);
	}

	releaseAll(): void {
		this.#releaseChunk();
		for (const exchange of this.waiting()) this.release(exchange);
	}

	/** Sends a field block of the server on. What came earlier in the chunk goes first, so that blocks keep their turn. */
	passBlock(exchange: Http2Exchange<Context>, block: FieldBlock, chunkEnd: number): void {
		for (const earlier of this.#forChunk) {
			if (earlier.heldHead !== undefined && earlier.heldHead.order < block.order) this.release(earlier);
		}
		this.#server.passBlock(block, exchange.stream, chunkEnd);
	}

	/** What is held of the exchange never goes on. */
	forget(exchange: Http2Exchange<Context>): void {
		if (this.#waiting.delete(exchange)) this.#awaited -= Math.max(0, exchange.responseLeft);
		if (exchange === this.#uncut) this.#uncut = undefined;
		exchange.heldHead = undefined;
		exchange.held = [];
	}

	#mayWait(exchange: Http2Exchange<Context>, octets: number): boolean {
		const { maxHeldOctets, maxHeldTogether } = this.#limits;
		if (octets > maxHeldOctets || octets > exchange.serverCredit) return false;
		const together = this.#awaited + octets;
		return together <= this.#window.serverCredit && (this.#waiting.size + 1) * maxHeldOctets <= maxHeldTogether;
	}

	#releaseChunk(): void {
		for (const exchange of this.#forChunk) this.release(exchange);
		this.#forChunk.length = 0;
	}

	/** Takes what is held out of the chunk, up to the frame at hand. */
	#cut(): void {
		const exchange = this.#uncut;
		this.#uncut = undefined;
		if (exchange === undefined) return;
		if (this.#frameAt > this.#uncutBody) exchange.held.push(this.#server.part(this.#uncutBody, this.#frameAt));
		this.#server.drop(this.#frameAt);
	}
}
