/** What one direction of an HTTP/1.1 connection remembers between chunks: plain fields, reused for every message. */
import { concat } from "#base/bytes.ts";
import type { Fault } from "#base/fault.ts";
import { ChunkedReader } from "#http/body.ts";
import type { Framing } from "#http/head.ts";
import { HeadScanner } from "#http/head-scanner.ts";

export interface Http1Limits {
	/** Octets of one head or trailer section. More costs memory per connection. */
	readonly maxHeadOctets: number;
	/** Field lines of one head or trailer section. */
	readonly maxHeaders: number;
	/** Requests forwarded whose response has not ended; more wait. */
	readonly maxPipelined: number;
}

/**
 * What a direction does with its next octets. "waiting": feed the rest again after the other direction went on;
 * "stopped": the sink said so; "refused": there is a fault; "ended": nothing more can come.
 */
export type Http1State = "open" | "waiting" | "stopped" | "refused" | "ended";

/** What one direction remembers; its fields are the hot path's only state. */
export class Http1Direction {
	readonly name: "request" | "response";
	readonly maxHeadOctets: number;
	readonly scanner: HeadScanner;
	readonly chunked = new ChunkedReader();
	phase = inHead;
	state: Exclude<Http1State, "waiting"> = "open";
	fault: Fault | undefined = undefined;
	remaining = 0;
	/** Octets of the chunk at hand that may be forwarded. */
	passed = 0;
	released: Uint8Array | undefined = undefined;
	/** Where what may be forwarded begins in the chunk at hand, behind `released`. */
	cut = 0;
	/** What was released before the present message, when its head was changed. */
	#beforeMessage: Uint8Array | undefined = undefined;
	#isChanged = false;
	/** Where the present message begins in the chunk at hand. */
	messageAt = notInChunk;
	messageHeld = false;
	isTakenBack = false;
	/** The octets of an incomplete section, of which `heldLength` are filled. */
	held: Uint8Array = noOctets;
	heldLength = 0;

	constructor(name: "request" | "response", limits: Http1Limits) {
		this.name = name;
		this.maxHeadOctets = limits.maxHeadOctets;
		this.scanner = new HeadScanner(limits.maxHeaders);
		this.begin();
	}

	get isBetweenMessages(): boolean {
		return this.phase === inHead && !this.scanner.hasBegun;
	}

	/** A head was told and its message has not ended. */
	get isInMessage(): boolean {
		return this.phase > inHead && this.phase < inStream;
	}

	/** Octets of the present message were released. */
	get isUnderWay(): boolean {
		return this.phase !== inHead && !this.isTakenBack;
	}

	beginChunk(): void {
		this.released = undefined;
		this.passed = 0;
		this.cut = 0;
		this.messageAt = notInChunk;
	}

	/** A head is complete; its part in the chunk at hand begins at `at`, behind what was held. */
	beginMessage(at: number): void {
		this.messageAt = at;
		this.messageHeld = this.heldLength > 0;
		this.#isChanged = false;
	}

	/** Nothing of a message that began in the chunk at hand leaves when it is stopped or refused. */
	takeBack(): void {
		if (this.messageAt === notInChunk) return;
		if (this.#isChanged) {
			this.released = this.#beforeMessage;
			this.passed = this.cut;
		} else {
			this.passed = this.messageAt;
			if (this.messageHeld) this.released = undefined;
		}
		this.isTakenBack = true;
	}

	begin(): void {
		this.phase = inHead;
		this.messageAt = notInChunk;
		this.scanner.begin(this.name);
	}

	beginTrailers(): void {
		this.phase = inTrailers;
		this.scanner.begin("trailers");
	}

	enterBody(framing: Framing, contentLength: number): void {
		if (framing === "length") {
			this.phase = inLength;
			this.remaining = contentLength;
		} else if (framing === "chunked") {
			this.phase = inChunked;
			this.chunked.begin();
		} else this.phase = framing === "until-close" ? inUntilClose : inEnd;
	}

	/** Sends `octets` on instead of a section that ends at `next`, and in the chunk at hand begins at `at`. */
	replace(chunk: Uint8Array, at: number, next: number, octets: Uint8Array, wasHeld: boolean): number {
		const before: Uint8Array[] = [];
		if (!wasHeld && this.released !== undefined) before.push(this.released);
		if (!wasHeld && at > this.cut) before.push(chunk.subarray(this.cut, at));
		this.#beforeMessage = before.length === 0 ? undefined : concat(before);
		this.#isChanged = true;
		this.released = before.length === 0 ? octets : concat([...before, octets]);
		this.cut = next;
		return this.pass(next);
	}

	pass(next: number): number {
		this.passed = next;
		return next;
	}

	stop(): false {
		this.takeBack();
		this.state = "stopped";
		return false;
	}

	hold(octets: Uint8Array, start: number, end: number): void {
		const needed = this.heldLength + end - start;
		if (needed > this.held.length) {
			const larger = new Uint8Array(Math.min(this.maxHeadOctets, Math.max(minHeld, needed, this.held.length * 2)));
			larger.set(this.held.subarray(0, this.heldLength));
			this.held = larger;
		}
		this.held.set(octets.subarray(start, end), this.heldLength);
		this.heldLength = needed;
	}

	/** Hands out the first `length` held octets; the rest of them lies in the chunk at hand. */
	release(length: number): void {
		this.released = this.held.subarray(0, length);
		this.held = noOctets;
		this.heldLength = 0;
	}
}

const noOctets = new Uint8Array(0);
const minHeld = 512;

const notInChunk = -1;

export const inHead = 0;
export const inLength = 1;
export const inChunked = 2;
export const inTrailers = 3;
export const inUntilClose = 4;
export const inEnd = 5;
export const inStream = 6;
