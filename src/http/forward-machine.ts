/**
 * The requests of a client of the proxy, one after the other, as they go to the servers: heads are made anew
 * (`http/forward-request.ts`), bodies pass as they are.
 *
 * It is asked, not driven: `next` answers one thing at a time, and the caller asks on when it has done it. So a request for another
 * server waits where it is until the connection to that server is there.
 *
 *   forwarder.push(chunk);
 *   for (let step = forwarder.next(); step.kind !== "need-more"; step = forwarder.next()) do it
 */
import { type Fault, fault } from "#base/fault.ts";
import { OctetQueue } from "#base/octet-queue.ts";
import { ChunkedReader, chunkLast, chunkRefused } from "#http/body.ts";
import { type ForwardOptions, type ForwardPlan, fieldsOfOneHop, forwardRequest } from "#http/forward-request.ts";
import { parseFieldLines, type RequestHead } from "#http/head.ts";
import { latin1 } from "#http/head-octets.ts";
import { finishRequestHead } from "#http/head-rules.ts";
import { HeadScanner, type SectionKind, scanDone, scanNeedMore } from "#http/head-scanner.ts";

export type ForwardStep =
	| { readonly kind: "need-more" }
	/**
	 * A head was read: `head` is what the client sent, with what is for the proxy alone. Behind `forward` the body follows; every
	 * other plan ends the machine.
	 */
	| {
			readonly kind: "request";
			readonly head: RequestHead;
			readonly plan: Exclude<ForwardPlan, { kind: "refuse" }>;
	  }
	/** Octets of the body for the same server, framing included; a view of what was pushed. */
	| { readonly kind: "body"; readonly octets: Uint8Array }
	/** The request is whole. */
	| { readonly kind: "end" }
	/** `head` when there is a whole one, that the proxy may answer in another way: a path alone may be for a page of its own. */
	| { readonly kind: "refuse"; readonly fault: Fault; readonly head: RequestHead | undefined };

export interface ForwardLimits {
	/** Octets of one head or trailer section. */
	readonly maxHeadOctets: number;
	/** Field lines of one head or trailer section. */
	readonly maxHeaders: number;
}

export const defaultForwardLimits: ForwardLimits = { maxHeadOctets: 65_536, maxHeaders: 256 };

type Phase = "head" | "length" | "chunked" | "trailers" | "end" | "over";

/**
 * One client's side of plain HTTP forwarding.
 *
 * Bounds: a head or trailer section of `limits`, and the chunk at hand. Push only after need-more.
 * Faults: PROXY_REQUEST_MALFORMED, PROXY_HEAD_TOO_LARGE, those of `forwardRequest`, HTTP_MESSAGE_MALFORMED in a body.
 */
export class ForwardMachine {
	readonly #options: ForwardOptions;
	readonly #limits: ForwardLimits;
	readonly #scanner: HeadScanner;
	readonly #chunked = new ChunkedReader();
	#phase: Phase = "head";
	/** What was pushed and not told. */
	readonly #queue = new OctetQueue();
	#remaining = 0;
	#isLast = false;

	constructor(options: ForwardOptions = { via: undefined }, limits: ForwardLimits = defaultForwardLimits) {
		this.#options = options;
		this.#limits = limits;
		this.#scanner = new HeadScanner(limits.maxHeaders);
		this.#scanner.begin("request");
	}

	/** Takes the next octets of the client. */
	push(chunk: Uint8Array): void {
		this.#queue.push(chunk);
	}

	/** What comes next in what was pushed. After a refusal, or a plan other than forward, there is nothing more. */
	next(): ForwardStep {
		switch (this.#phase) {
			case "head":
				return this.#head();
			case "length":
				return this.#lengthBody();
			case "chunked":
				return this.#chunkedBody();
			case "trailers":
				return this.#trailers();
			case "end":
				this.#phase = this.#isLast ? "over" : "head";
				this.#scanner.begin("request");
				return { kind: "end" };
			case "over":
				return needMore;
		}
	}

	/** What was pushed and not told: behind the head of a CONNECT, the beginning of the tunnel. */
	rest(): Uint8Array {
		return this.#queue.octets;
	}

	/** True between two requests: the client may end the connection here. */
	get isBetweenRequests(): boolean {
		return (this.#phase === "head" && !this.#scanner.hasBegun) || this.#phase === "over";
	}

	#head(): ForwardStep {
		const length = this.#section("request");
		if (typeof length !== "number") return length;
		const head = finishRequestHead(this.#scanner, this.#queue.octets, 0, true);
		if (head === undefined) return this.#refuse("PROXY_REQUEST_MALFORMED", this.#scanner.reason);
		this.#queue.take(length);
		const plan = forwardRequest(head, this.#options);
		if (plan.kind === "refuse") {
			this.#phase = "over";
			return { ...plan, head };
		}
		this.#phase = "over";
		if (plan.kind === "forward") {
			this.#isLast = plan.isLast;
			this.#remaining = head.contentLength;
			this.#chunked.begin();
			this.#phase = head.framing === "none" ? "end" : head.framing === "length" ? "length" : "chunked";
		}
		return { kind: "request", head, plan };
	}

	#lengthBody(): ForwardStep {
		if (this.#queue.octets.length === 0) return needMore;
		const octets = this.#queue.take(Math.min(this.#remaining, this.#queue.octets.length));
		this.#remaining -= octets.length;
		if (this.#remaining === 0) this.#phase = "end";
		return { kind: "body", octets };
	}

	#chunkedBody(): ForwardStep {
		if (this.#queue.octets.length === 0) return needMore;
		let at = 0;
		while (at < this.#queue.octets.length) {
			const result = this.#chunked.read(this.#queue.octets, at, this.#queue.octets.length);
			if (result === chunkRefused) return this.#refuse("HTTP_MESSAGE_MALFORMED", this.#chunked.reason);
			at = this.#chunked.position;
			if (result !== chunkLast) continue;
			this.#phase = "trailers";
			this.#scanner.begin("trailers");
			break;
		}
		return { kind: "body", octets: this.#queue.take(at) };
	}

	#trailers(): ForwardStep {
		const length = this.#section("trailers");
		if (typeof length !== "number") return length;
		const hop = parseFieldLines(latin1(this.#queue.octets, 0, length), 0).find(({ name }) => fieldsOfOneHop.has(name));
		if (hop !== undefined) return this.#refuse("HTTP_MESSAGE_MALFORMED", `${hop.name} in the trailer section`);
		this.#phase = "end";
		return { kind: "body", octets: this.#queue.take(length) };
	}

	/** The octets of the section once it is whole. */
	#section(kind: SectionKind): number | ForwardStep {
		const { maxHeadOctets } = this.#limits;
		const end = Math.min(this.#queue.octets.length, maxHeadOctets);
		const result = this.#scanner.scan(this.#queue.octets, 0, end);
		if (result === scanDone) return this.#scanner.length;
		const isHead = kind === "request";
		if (result !== scanNeedMore) {
			return this.#refuse(isHead ? "PROXY_REQUEST_MALFORMED" : "HTTP_MESSAGE_MALFORMED", this.#scanner.reason);
		}
		if (end < maxHeadOctets) return needMore;
		return this.#refuse(isHead ? "PROXY_HEAD_TOO_LARGE" : "HTTP_HEAD_TOO_LARGE", `more than ${maxHeadOctets} octets`);
	}

	#refuse(
		code: "PROXY_REQUEST_MALFORMED" | "PROXY_HEAD_TOO_LARGE" | "HTTP_MESSAGE_MALFORMED" | "HTTP_HEAD_TOO_LARGE",
		reason: string,
	): ForwardStep {
		this.#phase = "over";
		return {
			kind: "refuse",
			fault: fault(code, `the request to the proxy is refused: ${reason}`, { got: reason }),
			head: undefined,
		};
	}
}

const needMore: ForwardStep = { kind: "need-more" };
