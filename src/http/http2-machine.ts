/**
 * HTTP/2 between a client and a server, seen from the middle: both directions of one connection are parsed strictly,
 * told to a sink, and the original octets go on (RFC 9113).
 *
 * Windows, settings and pings travel end to end; DATA goes on chunk by chunk as the windows of the ends allow. A stream
 * that the sink stops is answered and reset by itself, and the others go on. Nothing that was not understood goes on:
 * frames of unknown types and of streams that are closed are left out.
 *
 *   const isWhole = http.feedClient(chunk);
 *   send on: isWhole ? chunk : http.toServer, emptied; and http.toClient, emptied, the other way
 *   if (http.fault !== undefined) send http.lastWords and close
 *
 * The header of a DATA frame that a chunk cuts is written anew in the chunk: a chunk belongs to this machine.
 */

import { concat } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import type { FaultCode } from "#base/fault-table.ts";
import { editFields, type FieldEdit, type HeadEdits } from "#http/field-edit.ts";
import type { Header, RequestHead } from "#http/head.ts";
import { type FieldBlock, Http2Exchange } from "#http/http2-exchange.ts";
import { finishRequestFields, finishResponseFields, trailersProblem } from "#http/http2-fields.ts";
import { FloodBudget } from "#http/http2-flood.ts";
import {
	checkFrameHeader,
	decodePayload,
	encodeFrame,
	errorCodes,
	type Frame,
	FrameHeader,
	frameFlags,
	frameHeaderOctets,
	frameTypes,
	noPadding,
	readFrameHeader,
	settingIds,
} from "#http/http2-frame.ts";
import { HeldResponses } from "#http/http2-held-responses.ts";
import { defaultHttp2Limits, type Http2Limits } from "#http/http2-limits.ts";
import {
	blockFrames,
	dataHeader,
	frameName,
	goawayFrame,
	resetFrame,
	windowFrame,
	writeDataHeader,
} from "#http/http2-own-frames.ts";
import { Http2Side } from "#http/http2-side.ts";
import type { Http2Answer, Http2Sink, StopCause } from "#http/http2-sink.ts";
import { ClientWindow } from "#http/http2-windows.ts";

/** One connection. Bounds: `limits`; no allocation per frame of DATA but its view for the sink. */
export class Http2Connection<Context> {
	readonly #sink: Http2Sink<Context>;
	readonly #edits: HeadEdits;
	readonly #limits: Http2Limits;
	readonly #client: Http2Side<Context>;
	readonly #server: Http2Side<Context>;
	readonly #exchanges = new Map<number, Http2Exchange<Context>>();
	readonly #window = new ClientWindow();
	readonly #held: HeldResponses<Context>;
	readonly #resets: FloodBudget;
	/** Streams that were answered while the client was sending; not more than may be open. */
	readonly #unfinished: number[] = [];
	#toReset: number[] = [];
	/** The newest stream of the client. */
	#lastStream = 0;
	readonly #header = new FrameHeader();
	#fault: Fault | undefined = undefined;
	#lastWords: { readonly toClient: Uint8Array; readonly toServer: Uint8Array } | undefined = undefined;

	constructor(sink: Http2Sink<Context>, limits: Http2Limits = defaultHttp2Limits, edits: HeadEdits = {}) {
		this.#sink = sink;
		this.#edits = edits;
		this.#limits = limits;
		const { maxListOctets, maxTableOctets, maxStreams, idleFrames } = limits;
		const table: [number, number] = [settingIds.headerTableSize, maxTableOctets];
		const streams: [number, number] = [settingIds.maxConcurrentStreams, maxStreams];
		const push: [number, number] = [settingIds.enablePush, 0];
		const ofClient = { most: new Map([table, push]), always: new Map([push]) };
		const ofServer = { most: new Map([table, streams]), always: new Map([streams]) };
		this.#client = new Http2Side("client", maxListOctets, ofClient, idleFrames, preface.length);
		this.#server = new Http2Side("server", maxListOctets, ofServer, idleFrames, 0);
		this.#held = new HeldResponses(this.#server, this.#window, limits);
		this.#resets = new FloodBudget(limits.resets);
	}

	/** Takes octets of the client; true when they go on as they are. */
	feedClient(chunk: Uint8Array): boolean {
		return this.#feed(this.#client, chunk);
	}

	/** Takes octets of the server; true when they go on as they are. */
	feedServer(chunk: Uint8Array): boolean {
		return this.#feed(this.#server, chunk);
	}

	/** What goes to the server, besides a chunk of the client that goes on as it is. The caller empties it. */
	get toServer(): Uint8Array[] {
		return this.#client.out;
	}

	/** What goes to the client, besides a chunk of the server that goes on as it is. The caller empties it. */
	get toClient(): Uint8Array[] {
		return this.#server.out;
	}

	/** Why the connection is over: a peer broke its rules. */
	get fault(): Fault | undefined {
		return this.#fault;
	}

	/** GOAWAY for both ends, set with the fault. */
	get lastWords(): { readonly toClient: Uint8Array; readonly toServer: Uint8Array } | undefined {
		return this.#lastWords;
	}

	/** Streams that are not over. */
	get openStreams(): number {
		return this.#exchanges.size;
	}

	/**
	 * Gives back a second's share of what a peer may send without doing work. A client that is still sending what was
	 * answered is told that it need not (RFC 9113 §8.1): a second later, since some drop an answer that a reset follows.
	 */
	secondPassed(): void {
		for (const stream of this.#toReset) this.#server.insert(resetFrame(stream, errorCodes.noError));
		this.#toReset = this.#unfinished.splice(0);
		this.#client.idleFrames.secondPassed();
		this.#server.idleFrames.secondPassed();
		this.#resets.secondPassed();
	}

	/** The server sends nothing more: what is held of it is not whole. */
	serverEnded(): void {
		for (const exchange of this.#held.waiting()) this.#refuse(this.#server, exchange, "the response ended early");
	}

	/** Ends every stream for the sink. */
	close(): void {
		for (const exchange of this.#exchanges.values()) this.#sink.closed(exchange);
		this.#exchanges.clear();
	}

	#feed(side: Http2Side<Context>, chunk: Uint8Array): boolean {
		if (this.#fault !== undefined) return false;
		const end = chunk.length;
		let at = 0;
		side.begin(chunk);
		while (at < end && this.#fault === undefined) {
			if (side.isInData) at = this.#data(side, chunk, at, end);
			else if (side.skipLeft > 0) at = skip(side, at, end);
			else if (side.prefaceLeft > 0) at = this.#preface(side, chunk, at, end);
			else at = this.#frame(side, chunk, at, end);
		}
		if (side === this.#server) this.#held.chunkEnds(end);
		this.#giveBackDropped(this.#client);
		this.#giveBackDropped(this.#server);
		return side.finish();
	}

	#preface(side: Http2Side<Context>, chunk: Uint8Array, at: number, end: number): number {
		let next = at;
		while (next < end && side.prefaceLeft > 0) {
			if (chunk[next++] !== preface[preface.length - side.prefaceLeft--]) {
				this.#fail(side, errorCodes.protocolError, "HTTP2_MALFORMED", "the client does not begin with the preface");
				return end;
			}
		}
		side.pass(next);
		return next;
	}

	/** Reads on at the beginning of a frame or in one that is held; answers where to go on. */
	#frame(side: Http2Side<Context>, chunk: Uint8Array, at: number, end: number): number {
		const header = this.#header;
		if (side.heldLength === 0) {
			const payload = at + frameHeaderOctets;
			const isRead = readFrameHeader(chunk, at, end, header);
			if (side === this.#server) this.#held.frameBegins(at, end, isRead ? header : undefined);
			if (!isRead) {
				side.hold(chunk, at, end);
				return end;
			}
			if (!this.#admit(side)) return end;
			if (header.type === frameTypes.data) return this.#beginData(side, chunk, at, payload, end);
			if (!isKnown(side, header.type)) {
				side.skipLeft = frameHeaderOctets + header.length;
				return at;
			}
			const next = payload + header.length;
			if (next <= end) this.#control(side, chunk.subarray(at, next), next);
			else side.hold(chunk, at, end);
			return Math.min(next, end);
		}
		return this.#heldFrame(side, chunk, at, end);
	}

	#heldFrame(side: Http2Side<Context>, chunk: Uint8Array, at: number, end: number): number {
		const header = this.#header;
		let next = at;
		if (side.heldLength < frameHeaderOctets) {
			next = Math.min(end, at + frameHeaderOctets - side.heldLength);
			side.hold(chunk, at, next);
			if (!readFrameHeader(side.held, 0, side.heldLength, header)) return next;
			if (!this.#admit(side)) return end;
			if (header.type === frameTypes.data) {
				side.takeHeld();
				return this.#beginData(side, chunk, -1, next, end);
			}
			if (!isKnown(side, header.type)) {
				side.takeHeld();
				side.skipLeft = header.length;
				return next;
			}
		} else readFrameHeader(side.held, 0, side.heldLength, header);
		const missing = frameHeaderOctets + header.length - side.heldLength;
		if (missing > 0) {
			const from = next;
			next = Math.min(end, from + missing);
			if (next > from) side.hold(chunk, from, next);
			if (next - from < missing) return next;
		}
		this.#control(side, side.takeHeld(), -1);
		return next;
	}

	/** Judges a frame by its header; false after a fault. */
	#admit(side: Http2Side<Context>): boolean {
		const header = this.#header;
		const wrong = checkFrameHeader(header, this.#other(side).allows.maxFrameOctets);
		if (wrong !== undefined) return this.#fail(side, wrong.errorCode, "HTTP2_MALFORMED", wrong.reason);
		const { type, length } = header;
		if (!side.allows.hasBegun && (type !== frameTypes.settings || (header.flags & frameFlags.ack) !== 0)) {
			return this.#broken(side, "the connection does not begin with SETTINGS");
		}
		const isContinuation = type === frameTypes.continuation;
		if (isContinuation !== (side.blockStream !== 0) || (isContinuation && header.stream !== side.blockStream)) {
			return this.#broken(side, isContinuation ? "CONTINUATION without HEADERS" : "a frame amid a field block");
		}
		if (type === frameTypes.data) {
			if (length > 0 || (header.flags & frameFlags.endStream) !== 0) return true;
		} else if (type === frameTypes.headers) {
			if (length <= this.#limits.maxBlockOctets) return true;
			return this.#flood(side, `a field block of more than ${this.#limits.maxBlockOctets} octets`);
		} else if (length > maxControlOctets && isKnown(side, type) && !isContinuation) {
			return this.#flood(side, `a ${frameName(type)} frame of ${length} octets`);
		}
		if (side.idleFrames.take()) return true;
		return this.#flood(side, `a flood of ${length === 0 && type === 0 ? "empty DATA" : frameName(type)} frames`);
	}

	/** Acts on a whole frame other than DATA. `chunkEnd`: where it ends in the chunk at hand, -1 when it is not in there. */
	#control(side: Http2Side<Context>, octets: Uint8Array, chunkEnd: number): void {
		const frame = decodePayload(this.#header, octets.subarray(frameHeaderOctets));
		if ("kind" in frame) {
			if (frame.scope === "connection") {
				this.#fail(side, frame.errorCode, "HTTP2_MALFORMED", frame.reason);
				return;
			}
			const exchange = this.#exchanges.get(this.#header.stream);
			leaveOut(side, chunkEnd);
			if (exchange !== undefined) this.#refuse(side, exchange, frame.reason);
			return;
		}
		switch (frame.type) {
			case "headers": {
				const { stream, fragment, isEndStream } = frame;
				if (frame.isEndHeaders) return this.#block(side, stream, octets, fragment, isEndStream, chunkEnd);
				side.blockStream = stream;
				side.isBlockLast = isEndStream;
				return this.#fragment(side, octets, fragment, false, chunkEnd);
			}
			case "continuation":
				return this.#fragment(side, octets, frame.fragment, frame.isEndHeaders, chunkEnd);
			case "settings":
				this.#settings(side, frame, octets, chunkEnd);
				return side.insertEarly();
			case "window-update":
				return this.#windowUpdate(side, frame.stream, frame.increment, octets, chunkEnd);
			case "rst-stream":
				return this.#reset(side, frame.stream, octets, chunkEnd);
			case "push-promise":
				this.#broken(side, "PUSH_PROMISE, although push is not allowed");
				return;
			case "extension":
				// A priority update: stream and a short line of text (RFC 9218 §7.1).
				if (octets.length > maxPriorityOctets) return leaveOut(side, chunkEnd);
				return sendOn(side, octets, chunkEnd);
			default:
				sendOn(side, octets, chunkEnd);
		}
	}

	#fragment(
		side: Http2Side<Context>,
		octets: Uint8Array,
		fragment: Uint8Array,
		isLast: boolean,
		chunkEnd: number,
	): void {
		leaveOut(side, chunkEnd);
		side.blockOctets.push(octets.slice());
		side.blockFragments.push(fragment.slice());
		side.blockLength += fragment.length;
		const { maxBlockOctets, maxBlockFrames } = this.#limits;
		if (side.blockLength > maxBlockOctets || side.blockOctets.length > maxBlockFrames) {
			this.#flood(side, `a flood of CONTINUATION: more than ${maxBlockOctets} octets or ${maxBlockFrames} frames`);
			return;
		}
		if (!isLast) return;
		const [whole, block, stream] = [concat(side.blockOctets), concat(side.blockFragments), side.blockStream];
		side.blockStream = 0;
		side.blockOctets = [];
		side.blockFragments = [];
		side.blockLength = 0;
		this.#block(side, stream, whole, block, side.isBlockLast, -1);
	}

	#block(
		side: Http2Side<Context>,
		stream: number,
		octets: Uint8Array,
		fragment: Uint8Array,
		isEndStream: boolean,
		chunkEnd: number,
	): void {
		const decoded = side.decoder.decode(fragment);
		if (decoded.kind === "malformed") {
			this.#fail(side, errorCodes.compressionError, "HTTP2_MALFORMED", decoded.reason);
			return;
		}
		if (decoded.kind === "too-large") {
			this.#flood(side, decoded.reason);
			return;
		}
		const block: FieldBlock = { order: side.blocks++, octets, fields: decoded.fields, isEndStream };
		const exchange = this.#exchanges.get(stream);
		if (exchange === undefined && side === this.#client && stream > this.#lastStream) {
			return this.#beginExchange(stream, block, chunkEnd);
		}
		if (exchange === undefined) {
			leaveOut(side, chunkEnd);
			// Its stream was stopped or reset a moment ago.
			if (stream <= this.#lastStream && stream % 2 === 1) return;
			this.#broken(side, `HEADERS of stream ${stream}, which nobody opened`);
			return;
		}
		if (side === this.#server && exchange.response === "expect-head") {
			return this.#responseHead(exchange, block, chunkEnd);
		}
		this.#trailers(side, exchange, block, chunkEnd);
	}

	#beginExchange(stream: number, block: FieldBlock, chunkEnd: number): void {
		const side = this.#client;
		if (stream % 2 === 0) {
			this.#broken(side, `the client opened stream ${stream}`);
			return;
		}
		this.#lastStream = stream;
		if (this.#server.early.length > maxEarly) {
			this.#flood(side, "a flood of requests before the server has begun");
			return;
		}
		side.idleFrames.earn(earnedPerBlock);
		this.#server.idleFrames.earn(earnedPerBlock);
		const exchange = new Http2Exchange(stream, side.allows.initialWindow, this.#sink.open());
		if (this.#exchanges.size >= this.#limits.maxStreams) {
			leaveOut(side, chunkEnd);
			this.#sink.closed(exchange);
			this.#server.insert(resetFrame(stream, errorCodes.refusedStream));
			this.#countReset();
			return;
		}
		this.#exchanges.set(stream, exchange);
		const head = finishRequestFields(block.fields, block.isEndStream, this.#server.allows.mayExtendConnect);
		if (typeof head === "string") {
			leaveOut(side, chunkEnd);
			return this.#refuse(side, exchange, head);
		}
		exchange.request = head;
		exchange.isTunnel = head.method === "CONNECT";
		exchange.requestLeft = head.contentLength;
		if (this.#sink.requestHead(exchange, head) || (block.isEndStream && this.#sink.requestEnd(exchange, noTrailers))) {
			leaveOut(side, chunkEnd);
			exchange.hasRequestEnded = block.isEndStream;
			return this.#stop(exchange, "blocked");
		}
		exchange.hasRequestEnded = block.isEndStream;
		exchange.hasReachedServer = true;
		side.passBlock(editedBlock(block, "head", this.#edits.request), stream, chunkEnd);
	}

	#responseHead(exchange: Http2Exchange<Context>, block: FieldBlock, chunkEnd: number): void {
		const side = this.#server;
		const request = exchange.request as RequestHead;
		const head = finishResponseFields(block.fields, block.isEndStream, request);
		if (typeof head === "string") {
			leaveOut(side, chunkEnd);
			return this.#refuse(side, exchange, head);
		}
		if (head.isInterim) {
			if (!side.idleFrames.take()) {
				this.#flood(side, "a flood of interim responses");
				return;
			}
		} else {
			exchange.response = block.isEndStream ? "ended" : "body";
			exchange.responseLeft = head.framing === "none" ? 0 : head.contentLength;
		}
		if (
			this.#sink.responseHead(exchange, head, request) ||
			(block.isEndStream && this.#sink.responseEnd(exchange, noTrailers))
		) {
			leaveOut(side, chunkEnd);
			return this.#stop(exchange, "blocked");
		}
		const edited = editedBlock(block, "head", this.#edits.response);
		if (!head.isInterim && this.#held.hold(exchange, head, edited, chunkEnd)) return;
		this.#held.passBlock(exchange, edited, chunkEnd);
		if (!head.isInterim) exchange.hasAnswered = true;
		this.#forgetIfDone(exchange);
	}

	#trailers(side: Http2Side<Context>, exchange: Http2Exchange<Context>, block: FieldBlock, chunkEnd: number): void {
		const isClient = side === this.#client;
		const hasEnded = isClient ? exchange.hasRequestEnded : exchange.response === "ended";
		const left = isClient ? exchange.requestLeft : exchange.responseLeft;
		const wrong =
			(hasEnded ? "HEADERS behind the end of a message" : undefined) ??
			(block.isEndStream ? undefined : "trailers that do not end the stream") ??
			(left > 0 ? `the body is ${left} octets shorter than was announced` : undefined) ??
			trailersProblem(block.fields);
		if (wrong !== undefined) {
			leaveOut(side, chunkEnd);
			return this.#refuse(side, exchange, wrong);
		}
		if (isClient) exchange.hasRequestEnded = true;
		else exchange.response = "ended";
		const stops = isClient
			? this.#sink.requestEnd(exchange, block.fields)
			: this.#sink.responseEnd(exchange, block.fields);
		if (stops) {
			leaveOut(side, chunkEnd);
			return this.#stop(exchange, "blocked");
		}
		const edited = editedBlock(block, "trailers", isClient ? this.#edits.request : this.#edits.response);
		if (isClient) side.passBlock(edited, exchange.stream, chunkEnd);
		else {
			this.#held.release(exchange);
			this.#held.passBlock(exchange, edited, chunkEnd);
		}
		this.#forgetIfDone(exchange);
	}

	/** Begins a frame of DATA whose payload lies at `at`. `headerAt`: its header in the chunk, -1 when it is not in there. */
	#beginData(side: Http2Side<Context>, chunk: Uint8Array, headerAt: number, at: number, end: number): number {
		const { stream, length, flags } = this.#header;
		const exchange = this.#dataExchange(side, stream);
		if (this.#fault !== undefined) return end;
		if (length > 0) this.#other(side).idleFrames.earn(earnedPerData);
		if (exchange === undefined) side.droppedOctets += length;
		if (side === this.#server) this.#held.count(exchange, length);
		side.dataExchange = exchange;
		side.dataStream = stream;
		side.dataLeft = length;
		side.paddingLeft = 0;
		side.strippedOctets = 0;
		side.isDataLast = (flags & frameFlags.endStream) !== 0;
		side.mustReadPadding = (flags & frameFlags.padded) !== 0;
		const payloadEnd = at + length;
		if (headerAt !== -1 && payloadEnd <= end) {
			if (side.mustReadPadding && !this.#readPadding(side, chunk[at] as number)) return end;
			const from = at + (length - side.dataLeft - side.paddingLeft);
			this.#piece(side, chunk, from, from + side.dataLeft, headerAt, payloadEnd, side.isDataLast, length);
			return payloadEnd;
		}
		side.isInData = true;
		if (headerAt === -1 || side.mustReadPadding || at === end) {
			// The header is left out and written anew with the first octets of the body.
			side.drop(at);
			return this.#data(side, chunk, at, end);
		}
		writeDataHeader(chunk, headerAt, end - at, stream, false);
		side.dataLeft -= end - at;
		this.#piece(side, chunk, at, end, headerAt, end, false, end - at);
		return end;
	}

	/** The exchange that a frame of DATA belongs to; undefined when its octets are to be left out. */
	#dataExchange(side: Http2Side<Context>, stream: number): Http2Exchange<Context> | undefined {
		const exchange = this.#exchanges.get(stream);
		if (exchange === undefined) {
			if (stream > this.#lastStream || stream % 2 === 0)
				this.#broken(side, `DATA of stream ${stream}, which nobody opened`);
			return undefined;
		}
		const mayCome = side === this.#client ? !exchange.hasRequestEnded : exchange.response === "body";
		if (mayCome) return exchange;
		this.#refuse(side, exchange, "DATA where no body can be");
		return undefined;
	}

	/** Reads on in a frame of DATA whose header is not sent on as it came. */
	#data(side: Http2Side<Context>, chunk: Uint8Array, from: number, end: number): number {
		let at = from;
		if (side.mustReadPadding) {
			if (at === end) return end;
			if (!this.#readPadding(side, chunk[at++] as number)) return end;
			side.strippedOctets = 1 + side.paddingLeft;
			side.mustReadPadding = false;
			side.drop(at);
			if (side.dataLeft === 0) this.#piece(side, chunk, at, at, -1, at, side.isDataLast, 0);
		} else if (side.dataLeft === 0 && side.paddingLeft === 0) {
			this.#piece(side, chunk, at, at, -1, at, side.isDataLast, 0);
		}
		if (side.dataLeft > 0) {
			const next = Math.min(end, at + side.dataLeft);
			if (next === at) return at;
			side.dataLeft -= next - at;
			this.#piece(side, chunk, at, next, -1, next, side.isDataLast && side.dataLeft === 0, next - at);
			at = next;
			if (side.dataLeft > 0) return at;
		}
		const padding = Math.min(end - at, side.paddingLeft);
		side.paddingLeft -= padding;
		at += padding;
		if (padding > 0) side.drop(at);
		if (side.paddingLeft > 0) return at;
		side.isInData = false;
		this.#giveBackStripped(side);
		return at;
	}

	#readPadding(side: Http2Side<Context>, padding: number): boolean {
		side.dataLeft -= 1 + padding;
		side.paddingLeft = padding;
		return side.dataLeft >= 0 || this.#broken(side, "DATA whose padding is longer than its payload");
	}

	/**
	 * A part of a frame of DATA: body in `chunk[from..to)`, sent on with `chunk[headerAt..end)` as it stands there or, without
	 * a header in the chunk, behind one of our own. `counted`: what it takes of the windows.
	 */
	#piece(
		side: Http2Side<Context>,
		chunk: Uint8Array,
		from: number,
		to: number,
		headerAt: number,
		end: number,
		isLast: boolean,
		counted: number,
	): void {
		const exchange = side.dataExchange;
		if (exchange === undefined) return side.drop(end);
		if (!this.#tell(side, exchange, chunk, from, to, isLast)) {
			side.droppedOctets += counted;
			return side.drop(end);
		}
		if (exchange.heldHead !== undefined && side === this.#server) {
			if (headerAt !== -1) this.#held.body(exchange, chunk, headerAt, end, counted);
			else {
				exchange.held.push(dataHeader(to - from, side.dataStream, isLast));
				this.#held.body(exchange, chunk, from, to, counted);
				side.drop(end);
			}
			if (isLast) this.#held.end(exchange, end);
		} else if (headerAt !== -1) side.pass(end);
		else if (to > from || isLast) {
			side.insert(dataHeader(to - from, side.dataStream, isLast));
			side.pass(end);
		}
		if (!isLast) return;
		if (side === this.#client) exchange.hasRequestEnded = true;
		else exchange.response = "ended";
		this.#forgetIfDone(exchange);
	}

	/** Tells the sink of body and its end; false when the stream was stopped. */
	#tell(
		side: Http2Side<Context>,
		exchange: Http2Exchange<Context>,
		octets: Uint8Array,
		from: number,
		to: number,
		isLast: boolean,
	): boolean {
		const isClient = side === this.#client;
		const length = to - from;
		let left = isClient ? exchange.requestLeft : exchange.responseLeft;
		if (left !== -1) {
			left -= length;
			if (left < 0 || (isLast && left > 0)) {
				this.#refuse(side, exchange, "a body whose length differs from content-length");
				return false;
			}
			if (isClient) exchange.requestLeft = left;
			else exchange.responseLeft = left;
			if (!isClient) this.#held.came(exchange, length);
		}
		const sink = this.#sink;
		const stops = isClient
			? (length > 0 && sink.requestBody(exchange, octets, from, to)) ||
				(isLast && sink.requestEnd(exchange, noTrailers))
			: (length > 0 && sink.responseBody(exchange, octets, from, to)) ||
				(isLast && sink.responseEnd(exchange, noTrailers));
		if (stops) this.#stop(exchange, "blocked");
		return !stops;
	}

	#settings(
		side: Http2Side<Context>,
		frame: Frame & { readonly type: "settings" },
		octets: Uint8Array,
		chunkEnd: number,
	): void {
		if (frame.isAck) {
			const other = this.#other(side);
			const table = other.allows.acknowledged();
			if (table === undefined) {
				this.#broken(side, "an answer to SETTINGS that nobody sent");
				return;
			}
			if (table !== -1) {
				// What was coded before goes before.
				if (side === this.#server) this.#held.releaseAll();
				side.agreeTable(table);
			}
			return sendOn(side, octets, chunkEnd);
		}
		const before = side.allows.initialWindow;
		const settings = side.allows.narrow(frame.settings);
		if (settings === undefined) {
			this.#flood(side, "a flood of SETTINGS that are not answered");
			return;
		}
		const encodes = this.#other(side);
		for (const { id, value } of settings) {
			// The other end may use a larger table as soon as it hears of it.
			if (id === settingIds.headerTableSize && value > encodes.tableOctets) encodes.decoder.setMaxTableOctets(value);
		}
		if (side === this.#client) this.#changeWindows(side.allows.initialWindow - before);
		if (settings === frame.settings) return sendOn(side, octets, chunkEnd);
		leaveOut(side, chunkEnd);
		side.insert(encodeFrame({ type: "settings", isAck: false, settings }));
	}

	/** RFC 9113 §6.9.2: a new initial window counts for the streams that are open. */
	#changeWindows(by: number): void {
		if (by === 0) return;
		if (by < 0) this.#held.releaseAll();
		for (const exchange of this.#exchanges.values()) exchange.serverCredit += by;
	}

	#windowUpdate(
		side: Http2Side<Context>,
		stream: number,
		increment: number,
		octets: Uint8Array,
		chunkEnd: number,
	): void {
		if (stream !== 0) {
			const exchange = this.#exchanges.get(stream);
			if (exchange === undefined) return leaveOut(side, chunkEnd);
			if (side === this.#client) exchange.serverCredit += increment;
			return sendOn(side, octets, chunkEnd);
		}
		const told = side === this.#client ? this.#window.give(increment) : increment;
		if (told === increment) return sendOn(side, octets, chunkEnd);
		leaveOut(side, chunkEnd);
		if (told > 0) side.insert(windowFrame(0, told));
	}

	#reset(side: Http2Side<Context>, stream: number, octets: Uint8Array, chunkEnd: number): void {
		const exchange = this.#exchanges.get(stream);
		if (exchange === undefined) {
			leaveOut(side, chunkEnd);
			if (stream <= this.#lastStream && stream % 2 === 1) return;
			this.#broken(side, `RST_STREAM of stream ${stream}, which nobody opened`);
			return;
		}
		const isEarly = side === this.#client && exchange.response === "expect-head";
		sendOn(side, octets, chunkEnd);
		this.#remove(exchange);
		if (isEarly) this.#countReset();
	}

	/** One stream ends before it was answered. */
	#countReset(): void {
		if (!this.#resets.take()) this.#flood(this.#client, "a flood of streams that are reset before they were answered");
	}

	/** A message breaks the rules: its stream ends, the connection goes on. */
	#refuse(side: Http2Side<Context>, exchange: Http2Exchange<Context>, reason: string): void {
		this.#sink.refused(exchange, side.name, reason);
		this.#stop(exchange, side === this.#client ? "malformed-request" : "malformed-response");
		if (side === this.#client) this.#countReset();
	}

	/** Ends a stream on both sides, the client's with an answer when it has none yet. */
	#stop(exchange: Http2Exchange<Context>, cause: StopCause): void {
		const { stream } = exchange;
		const mayAnswer = !exchange.hasAnswered && exchange.request !== undefined;
		const code = cause === "blocked" ? errorCodes.cancel : errorCodes.protocolError;
		if (exchange.hasReachedServer) this.#client.insert(resetFrame(stream, code));
		if (mayAnswer) this.#answer(exchange, this.#sink.answer(exchange, cause));
		// A response that is cut short must not be taken for a whole one: some clients take CANCEL for their own.
		const toClient = exchange.hasAnswered ? errorCodes.internalError : code;
		if (!mayAnswer) this.#server.insert(resetFrame(stream, toClient));
		else if (!exchange.hasRequestEnded) this.#tellLater(stream);
		this.#remove(exchange);
	}

	/** The client need not send the rest of an answered request. */
	#tellLater(stream: number): void {
		if (this.#unfinished.length < this.#limits.maxStreams) this.#unfinished.push(stream);
		else this.#server.insert(resetFrame(stream, errorCodes.noError));
	}

	#answer(exchange: Http2Exchange<Context>, { fields, body }: Http2Answer): void {
		const isHeadOnly = exchange.request?.method === "HEAD";
		const mayPay = body.length <= exchange.serverCredit && (isHeadOnly || this.#window.spend(body.length));
		const length = mayPay ? body.length : 0;
		const block = this.#server.encodeOwn([...fields, { name: "content-length", value: String(length) }]);
		const isBodyless = isHeadOnly || length === 0;
		this.#server.insert(blockFrames(block, exchange.stream, isBodyless));
		if (isBodyless) return;
		const { stream } = exchange;
		this.#server.insert(encodeFrame({ type: "data", stream, isEndStream: true, data: body, padding: noPadding }));
	}

	#forgetIfDone(exchange: Http2Exchange<Context>): void {
		if (exchange.hasRequestEnded && exchange.response === "ended") this.#remove(exchange);
	}

	#remove(exchange: Http2Exchange<Context>): void {
		if (!this.#exchanges.delete(exchange.stream)) return;
		this.#held.forget(exchange);
		this.#server.droppedOctets += exchange.heldOctets;
		for (const side of [this.#client, this.#server]) {
			if (!side.isInData || side.dataExchange !== exchange) continue;
			side.droppedOctets += side.dataLeft + (side.mustReadPadding ? 0 : side.strippedOctets);
			side.strippedOctets = 0;
			side.dataExchange = undefined;
		}
		this.#sink.closed(exchange);
	}

	/** The connection's window is given back what the other end never sees. */
	#giveBackDropped(side: Http2Side<Context>): void {
		const octets = side.droppedOctets;
		if (octets === 0) return;
		side.droppedOctets = 0;
		if (side === this.#server) this.#window.giveBack(octets);
		this.#other(side).insert(windowFrame(0, octets));
	}

	#giveBackStripped(side: Http2Side<Context>): void {
		const octets = side.strippedOctets;
		side.strippedOctets = 0;
		const exchange = side.dataExchange;
		if (octets === 0 || exchange === undefined) return;
		side.droppedOctets += octets;
		if (side === this.#server) exchange.serverCredit += octets;
		if (!side.isDataLast) this.#other(side).insert(windowFrame(side.dataStream, octets));
	}

	#other(side: Http2Side<Context>): Http2Side<Context> {
		return side === this.#client ? this.#server : this.#client;
	}

	#broken(side: Http2Side<Context>, reason: string): false {
		return this.#fail(side, errorCodes.protocolError, "HTTP2_MALFORMED", reason);
	}

	#flood(side: Http2Side<Context>, reason: string): false {
		return this.#fail(side, errorCodes.enhanceYourCalm, "HTTP2_FLOOD", reason);
	}

	/** A peer broke the rules of the connection: it is over. The other end is told that the gateway cannot go on. */
	#fail(side: Http2Side<Context>, errorCode: number, code: FaultCode, reason: string): false {
		if (this.#fault !== undefined) return false;
		this.#fault = fault(code, `HTTP/2 ${side.name}: ${reason}`, { got: reason });
		const isClient = side === this.#client;
		this.#lastWords = {
			toClient: this.#toNewClient(goawayFrame(this.#lastStream, isClient ? errorCode : errorCodes.internalError)),
			toServer: goawayFrame(0, isClient ? errorCodes.noError : errorCode),
		};
		return false;
	}

	/** Settings before the words, where the client has none yet (RFC 9113 §3.4). */
	#toNewClient(words: Uint8Array): Uint8Array {
		if (this.#server.allows.hasBegun) return words;
		return concat([encodeFrame({ type: "settings", isAck: false, settings: [] }), words]);
	}
}

function editedBlock(block: FieldBlock, kind: "head" | "trailers", edit: FieldEdit | undefined): FieldBlock {
	const fields = edit === undefined ? undefined : editFields(block.fields, kind, edit);
	return fields === undefined ? block : { ...block, fields, isChanged: true };
}

/** Frames of other types are left out (RFC 9113 §5.5): they would pass unseen. */
function isKnown<Context>(side: Http2Side<Context>, type: number): boolean {
	return type <= frameTypes.continuation || (type === priorityUpdate && side.name === "client");
}

function skip<Context>(side: Http2Side<Context>, at: number, end: number): number {
	const next = Math.min(end, at + side.skipLeft);
	side.skipLeft -= next - at;
	side.drop(next);
	return next;
}

function sendOn<Context>(side: Http2Side<Context>, octets: Uint8Array, chunkEnd: number): void {
	if (chunkEnd === -1) side.insert(octets);
	else side.pass(chunkEnd);
}

function leaveOut<Context>(side: Http2Side<Context>, chunkEnd: number): void {
	if (chunkEnd !== -1) side.drop(chunkEnd);
}

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const noTrailers: readonly Header[] = [];
/** Frames of the gateway's own that may wait for the server's settings. */
const maxEarly = 256;
/** RFC 9218 §7.1. */
const priorityUpdate = 0x10;
const maxPriorityOctets = 128;
/** SETTINGS of 2,730 values, or what a GOAWAY says in words. */
const maxControlOctets = 16_384;
/** A new stream brings windows and priorities with it, DATA brings windows. */
const earnedPerBlock = 4;
const earnedPerData = 2;
