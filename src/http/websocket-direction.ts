/**
 * One direction of a WebSocket, seen from the middle: frames are read strictly, the octets of messages are told with their
 * mask undone, and the original octets are released for forwarding (RFC 6455 §5).
 *
 *   const passed = direction.feed(chunk);
 *   if (direction.released !== undefined) forward(direction.released);
 *   if (passed > 0) forward(chunk.subarray(0, passed));
 *
 * A frame travels when it was read to its end, so that nothing of one that is stopped has left; a frame of more than
 * `maxHeldOctets` travels as it comes. Fragments of a message are told as one; control frames between them travel as
 * whole frames and are not told.
 *
 * Bounds: `maxHeldOctets` and a frame's head; one shared buffer for the octets without their mask.
 */

import { type Fault, fault } from "#base/fault.ts";
import { OctetQueue } from "#base/octet-queue.ts";
import {
	decodeWebSocketHead,
	isCloseCode,
	maxFrameHeadOctets,
	type WebSocketFrameHead,
	webSocketOpcodes,
} from "#http/websocket-frame.ts";

/**
 * What happens in one direction. A method that answers true stops it: the frame at hand and everything behind it is not
 * released. Octets are valid during the call only.
 */
export interface WebSocketSink {
	messageOctets(octets: Uint8Array, start: number, end: number, isCompressed: boolean): boolean;
	messageEnd(isCompressed: boolean): boolean;
}

export class WebSocketDirection {
	readonly #sender: "client" | "server";
	readonly #mayCompress: boolean;
	readonly #sink: WebSocketSink;
	readonly #maxHeldOctets: number;
	/** Octets of the frame at hand that came in earlier chunks and have not left. */
	readonly #held = new OctetQueue();
	/** The head of a frame that a chunk cuts. */
	readonly #head = new Uint8Array(maxFrameHeadOctets);
	#headLength = 0;
	#frame: WebSocketFrameHead | undefined;
	#left = 0;
	#keyAt = 0;
	#isStreaming = false;
	/** Between the first frame of a message and its last. */
	#isInMessage = false;
	#isCompressed = false;
	#closeCode = 0;
	#hasClosed = false;
	#isStopped = false;
	#fault: Fault | undefined;
	/** Octets kept from earlier chunks that the last `feed` released. */
	released: Uint8Array | undefined;

	/** `mayCompress`: compression was agreed upon. `maxHeldOctets` 0: nothing is held but a head. */
	constructor(sender: "client" | "server", mayCompress: boolean, sink: WebSocketSink, maxHeldOctets: number) {
		this.#sender = sender;
		this.#mayCompress = mayCompress;
		this.#sink = sink;
		this.#maxHeldOctets = maxHeldOctets;
	}

	/** Why the direction releases nothing more: its sender broke the rules. */
	get fault(): Fault | undefined {
		return this.#fault;
	}

	/** The sink said so, or there is a fault. */
	get isStopped(): boolean {
		return this.#isStopped;
	}

	/** What was released so far ends with a whole frame: another one may follow. */
	get isAtBoundary(): boolean {
		return !this.#isStreaming;
	}

	/** A close frame was released: no message may follow. */
	get hasClosed(): boolean {
		return this.#hasClosed;
	}

	/** Takes octets of the sender; answers how many of them may be forwarded now, behind `released`. */
	feed(chunk: Uint8Array): number {
		this.released = undefined;
		let passed = 0;
		let at = 0;
		while (at < chunk.length && !this.#isStopped) {
			const next = this.#frame === undefined ? this.#readHead(chunk, at) : this.#payload(this.#frame, chunk, at);
			if (this.#isStopped) break;
			at = next;
			const frame = this.#frame;
			if (frame === undefined) continue;
			if (this.#left === 0) {
				if (this.#ends(frame)) break;
				this.#isStreaming = false;
				passed = at;
			} else if (frame.length > this.#maxHeldOctets) {
				this.#isStreaming = true;
				passed = at;
			}
		}
		if (passed > 0 && this.#held.length > 0) this.released = this.#held.take(this.#held.length);
		if (!this.#isStopped && passed < chunk.length) this.#held.push(chunk.subarray(passed));
		return passed;
	}

	#readHead(chunk: Uint8Array, at: number): number {
		const before = this.#headLength;
		const taken = Math.min(maxFrameHeadOctets - before, chunk.length - at);
		this.#head.set(chunk.subarray(at, at + taken), before);
		const decoded = decodeWebSocketHead(this.#head.subarray(0, before + taken));
		if (decoded.kind === "need-more") {
			this.#headLength += taken;
			return at + taken;
		}
		if (decoded.kind === "malformed") return this.#refuse(decoded.reason, at);
		this.#headLength = 0;
		const frame = decoded.value;
		const wrong = this.#problem(frame);
		if (wrong !== undefined) return this.#refuse(wrong, at);
		this.#frame = frame;
		this.#left = frame.length;
		this.#keyAt = 0;
		this.#closeCode = 0;
		if (!frame.isControl && frame.opcode !== webSocketOpcodes.continuation) {
			this.#isInMessage = true;
			this.#isCompressed = frame.isCompressed;
		}
		return at + decoded.octets - before;
	}

	/** What is wrong with a frame here and now; undefined when nothing is. */
	#problem({ opcode, isControl, isCompressed, key, length }: WebSocketFrameHead): string | undefined {
		if (this.#sender === "client" && key === undefined) return "a frame without a mask";
		if (this.#sender === "server" && key !== undefined) return "a frame with a mask";
		if (opcode === webSocketOpcodes.close && length === 1) return "a close frame with half a code";
		if (isControl) return undefined;
		if (this.#hasClosed) return "a message behind the close frame";
		const isContinuation = opcode === webSocketOpcodes.continuation;
		if (isContinuation && !this.#isInMessage) return "a continuation of no message";
		if (!isContinuation && this.#isInMessage) return "a new message before the end of the last";
		if (isCompressed && isContinuation) return "RSV1 on a continuation";
		if (isCompressed && !this.#mayCompress) return "RSV1 although compression was not agreed upon";
		return undefined;
	}

	#payload(frame: WebSocketFrameHead, chunk: Uint8Array, at: number): number {
		const end = Math.min(chunk.length, at + this.#left);
		for (let from = at; from < end && !this.#isStopped; ) {
			const to = frame.key === undefined ? end : Math.min(end, from + scratch.length);
			const octets = frame.key === undefined ? chunk : scratch;
			const start = frame.key === undefined ? from : 0;
			const length = to - from;
			if (frame.key !== undefined) this.#unmask(frame.key, chunk, from, to);
			if (frame.isControl) this.#control(frame, octets, start, start + length);
			else if (this.#sink.messageOctets(octets, start, start + length, this.#isCompressed)) this.#isStopped = true;
			this.#left -= length;
			from = to;
		}
		return end;
	}

	/** Writes `chunk[from..to)` to the shared buffer without its mask. */
	#unmask(key: number, chunk: Uint8Array, from: number, to: number): void {
		let shift = 24 - 8 * this.#keyAt;
		for (let at = from, out = 0; at < to; at++, out++) {
			scratch[out] = (chunk[at] as number) ^ (key >>> shift);
			shift = shift === 0 ? 24 : shift - 8;
		}
		this.#keyAt = (this.#keyAt + to - from) & 3;
	}

	/** Gathers the code of a close frame; whatever else a control frame holds is let be. */
	#control(frame: WebSocketFrameHead, octets: Uint8Array, start: number, end: number): void {
		if (frame.opcode !== webSocketOpcodes.close) return;
		const seen = frame.length - this.#left;
		for (let at = start; at < end && seen + at - start < 2; at++) {
			this.#closeCode = (this.#closeCode << 8) | (octets[at] as number);
		}
	}

	/** The frame is whole; true when it may not go on. */
	#ends(frame: WebSocketFrameHead): boolean {
		if (frame.opcode === webSocketOpcodes.close) {
			if (frame.length > 0 && !isCloseCode(this.#closeCode)) {
				this.#refuse(`close code ${this.#closeCode}, which may not be sent`, 0);
				return true;
			}
			this.#hasClosed = true;
		}
		this.#frame = undefined;
		if (frame.isControl || !frame.isFinal) return false;
		this.#isInMessage = false;
		if (!this.#sink.messageEnd(this.#isCompressed)) return false;
		this.#isStopped = true;
		return true;
	}

	#refuse(reason: string, at: number): number {
		this.#isStopped = true;
		this.#fault = fault("WEBSOCKET_MALFORMED", `WebSocket ${this.#sender}: ${reason}`, { got: reason });
		return at;
	}
}

const scratch = new Uint8Array(16_384);
