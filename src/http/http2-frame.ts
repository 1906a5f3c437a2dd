/**
 * HTTP/2 frames, decoded strictly and encoded (RFC 9113 §4 and §6).
 *
 *   length (24) | type (8) | flags (8) | reserved (1) stream (31) | payload (length)
 *
 * A frame's header is read by itself first, so that DATA can be passed on as it comes; `decodePayload` reads the others.
 */
import { type Decoded, done, needMore, Reader, Writer } from "#base/bytes.ts";

/** The header of a frame; reused, `readFrameHeader` fills it in. */
export class FrameHeader {
	length = 0;
	type = 0;
	flags = 0;
	stream = 0;
}

/** One frame with what its payload says. `fragment` and `data` are views of the input, without padding. */
export type Frame =
	| {
			readonly type: "data";
			readonly stream: number;
			readonly isEndStream: boolean;
			readonly data: Uint8Array;
			readonly padding: number;
	  }
	| {
			readonly type: "headers";
			readonly stream: number;
			readonly isEndStream: boolean;
			readonly isEndHeaders: boolean;
			readonly priority: Priority | undefined;
			readonly fragment: Uint8Array;
			readonly padding: number;
	  }
	| { readonly type: "priority"; readonly stream: number; readonly priority: Priority }
	| { readonly type: "rst-stream"; readonly stream: number; readonly errorCode: number }
	| { readonly type: "settings"; readonly isAck: boolean; readonly settings: readonly Setting[] }
	| {
			readonly type: "push-promise";
			readonly stream: number;
			readonly promisedStream: number;
			readonly isEndHeaders: boolean;
			readonly fragment: Uint8Array;
			readonly padding: number;
	  }
	| { readonly type: "ping"; readonly isAck: boolean; readonly data: Uint8Array }
	| { readonly type: "goaway"; readonly lastStream: number; readonly errorCode: number; readonly debug: Uint8Array }
	| { readonly type: "window-update"; readonly stream: number; readonly increment: number }
	| {
			readonly type: "continuation";
			readonly stream: number;
			readonly isEndHeaders: boolean;
			readonly fragment: Uint8Array;
	  }
	/** A type that this table does not know: to be passed on or ignored (RFC 9113 §4.1). */
	| {
			readonly type: "extension";
			readonly code: number;
			readonly flags: number;
			readonly stream: number;
			readonly payload: Uint8Array;
	  };

/** RFC 9113 §5.3.2: deprecated, carried all the same. */
export interface Priority {
	readonly isExclusive: boolean;
	readonly dependsOn: number;
	/** 1 to 256. */
	readonly weight: number;
}

export interface Setting {
	readonly id: number;
	readonly value: number;
}

/** Why a frame is an error, and whether it ends the connection or only its stream (RFC 9113 §5.4). */
export interface FrameError {
	readonly kind: "malformed";
	readonly reason: string;
	readonly errorCode: number;
	readonly scope: "connection" | "stream";
}

/** RFC 9113 §7. */
export const errorCodes = {
	noError: 0x0,
	protocolError: 0x1,
	internalError: 0x2,
	flowControlError: 0x3,
	settingsTimeout: 0x4,
	streamClosed: 0x5,
	frameSizeError: 0x6,
	refusedStream: 0x7,
	cancel: 0x8,
	compressionError: 0x9,
	connectError: 0xa,
	enhanceYourCalm: 0xb,
	inadequateSecurity: 0xc,
	http11Required: 0xd,
} as const;

/** RFC 9113 §6.5.2 and RFC 8441 §3. */
export const settingIds = {
	headerTableSize: 0x1,
	enablePush: 0x2,
	maxConcurrentStreams: 0x3,
	initialWindowSize: 0x4,
	maxFrameSize: 0x5,
	maxHeaderListSize: 0x6,
	enableConnectProtocol: 0x8,
} as const;

export const frameTypes = {
	data: 0x0,
	headers: 0x1,
	priority: 0x2,
	rstStream: 0x3,
	settings: 0x4,
	pushPromise: 0x5,
	ping: 0x6,
	goaway: 0x7,
	windowUpdate: 0x8,
	continuation: 0x9,
} as const;

export const frameFlags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const frameHeaderOctets = 9;

/** Fills `header` from the 9 octets at `at`; false when there are fewer before `end`. */
export function readFrameHeader(octets: Uint8Array, at: number, end: number, header: FrameHeader): boolean {
	if (end - at < frameHeaderOctets) return false;
	header.length = (octetAt(octets, at) << 16) | (octetAt(octets, at + 1) << 8) | octetAt(octets, at + 2);
	header.type = octetAt(octets, at + 3);
	header.flags = octetAt(octets, at + 4);
	// The reserved bit is ignored (RFC 9113 §4.1).
	header.stream =
		((octetAt(octets, at + 5) & 0x7f) << 24) |
		(octetAt(octets, at + 6) << 16) |
		(octetAt(octets, at + 7) << 8) |
		octetAt(octets, at + 8);
	return true;
}

/** What is wrong with a frame that its header alone shows: its length, or the stream that it names. */
export function checkFrameHeader(header: FrameHeader, maxFrameOctets: number): FrameError | undefined {
	const { length, type, stream } = header;
	const rule = rules[type];
	if (length > maxFrameOctets) {
		const scope = stream === 0 || rule === undefined || rule.isConnectionState ? "connection" : "stream";
		return frameSizeError(`a frame of ${length} octets; allowed are ${maxFrameOctets}`, scope);
	}
	if (rule === undefined) return undefined;
	if (rule.stream === "some" && stream === 0) return protocolError(`${rule.name} on stream 0`);
	if (rule.stream === "none" && stream !== 0) return protocolError(`${rule.name} on stream ${stream}`);
	const isAck = type === frameTypes.settings && (header.flags & frameFlags.ack) !== 0;
	const least = isAck ? 0 : rule.least;
	const most = isAck ? 0 : rule.most;
	if (length < least || length > most || (type === frameTypes.settings && length % settingOctets !== 0)) {
		const scope = type === frameTypes.priority ? "stream" : "connection";
		return frameSizeError(`${rule.name} of ${length} octets`, scope);
	}
	return undefined;
}

/** Reads the payload of a frame whose header was checked. */
export function decodePayload(header: FrameHeader, payload: Uint8Array): Frame | FrameError {
	const { type, flags, stream } = header;
	const reader = new Reader(payload);
	const isPadded = (flags & frameFlags.padded) !== 0;
	const isEndHeaders = (flags & frameFlags.endHeaders) !== 0;
	const isEndStream = (flags & frameFlags.endStream) !== 0;
	switch (type) {
		case frameTypes.data: {
			const padding = isPadded ? reader.u8() : noPadding;
			const data = withoutPadding(reader, padding);
			if (data === undefined) return badPadding("DATA");
			return { type: "data", stream, isEndStream, data, padding };
		}
		case frameTypes.headers: {
			const padding = isPadded ? reader.u8() : noPadding;
			const priority = (flags & frameFlags.priority) === 0 ? undefined : readPriority(reader);
			if (reader.isShort) return frameSizeError(`HEADERS of ${payload.length} octets`, "connection");
			const fragment = withoutPadding(reader, padding);
			if (fragment === undefined) return badPadding("HEADERS");
			return { type: "headers", stream, isEndStream, isEndHeaders, priority, fragment, padding };
		}
		case frameTypes.priority:
			return { type: "priority", stream, priority: readPriority(reader) };
		case frameTypes.rstStream:
			return { type: "rst-stream", stream, errorCode: reader.u32() };
		case frameTypes.settings:
			return readSettings(reader, (flags & frameFlags.ack) !== 0);
		case frameTypes.pushPromise: {
			const padding = isPadded ? reader.u8() : noPadding;
			const promisedStream = readStream(reader);
			if (reader.isShort) return frameSizeError(`PUSH_PROMISE of ${payload.length} octets`, "connection");
			if (promisedStream === 0) return protocolError("PUSH_PROMISE of stream 0");
			const fragment = withoutPadding(reader, padding);
			if (fragment === undefined) return badPadding("PUSH_PROMISE");
			return { type: "push-promise", stream, promisedStream, isEndHeaders, fragment, padding };
		}
		case frameTypes.ping:
			return { type: "ping", isAck: (flags & frameFlags.ack) !== 0, data: payload };
		case frameTypes.goaway:
			return {
				type: "goaway",
				lastStream: readStream(reader),
				errorCode: reader.u32(),
				debug: reader.take(reader.remaining),
			};
		case frameTypes.windowUpdate: {
			const increment = readStream(reader);
			if (increment > 0) return { type: "window-update", stream, increment };
			return protocolError("WINDOW_UPDATE by 0", stream === 0 ? "connection" : "stream");
		}
		case frameTypes.continuation:
			return { type: "continuation", stream, isEndHeaders, fragment: payload };
		default:
			return { type: "extension", code: type, flags, stream, payload };
	}
}

/** Reads the first frame of `octets`: header, checks and payload in one. */
export function decodeFrame(octets: Uint8Array, maxFrameOctets: number): Decoded<Frame> | FrameError {
	const header = new FrameHeader();
	if (!readFrameHeader(octets, 0, octets.length, header)) return needMore;
	const wrong = checkFrameHeader(header, maxFrameOctets);
	if (wrong !== undefined) return wrong;
	const end = frameHeaderOctets + header.length;
	if (octets.length < end) return needMore;
	const frame = decodePayload(header, octets.subarray(frameHeaderOctets, end));
	return "kind" in frame ? frame : done(frame, end);
}

/** Writes a frame. Its payload must fit the peer's SETTINGS_MAX_FRAME_SIZE; that is the caller's to see to. */
export function encodeFrame(frame: Frame): Uint8Array {
	const writer = new Writer(64);
	switch (frame.type) {
		case "data":
			return padded(
				writer,
				frameTypes.data,
				flag(frame.isEndStream, frameFlags.endStream),
				frame,
				noOctets,
				frame.data,
			);
		case "headers": {
			const flags =
				flag(frame.isEndStream, frameFlags.endStream) |
				flag(frame.isEndHeaders, frameFlags.endHeaders) |
				flag(frame.priority !== undefined, frameFlags.priority);
			const before = frame.priority === undefined ? noOctets : priorityOctets(frame.priority);
			return padded(writer, frameTypes.headers, flags, frame, before, frame.fragment);
		}
		case "priority":
			return plain(writer, frameTypes.priority, 0, frame.stream, priorityOctets(frame.priority));
		case "rst-stream":
			return plain(writer, frameTypes.rstStream, 0, frame.stream, new Writer(4).u32(frame.errorCode).finish());
		case "settings": {
			const payload = new Writer(frame.settings.length * settingOctets);
			for (const { id, value } of frame.settings) payload.u16(id).u32(value);
			return plain(writer, frameTypes.settings, flag(frame.isAck, frameFlags.ack), 0, payload.finish());
		}
		case "push-promise": {
			const before = new Writer(4).u32(frame.promisedStream).finish();
			const flags = flag(frame.isEndHeaders, frameFlags.endHeaders);
			return padded(writer, frameTypes.pushPromise, flags, frame, before, frame.fragment);
		}
		case "ping":
			return plain(writer, frameTypes.ping, flag(frame.isAck, frameFlags.ack), 0, frame.data);
		case "goaway": {
			const payload = new Writer(8 + frame.debug.length).u32(frame.lastStream).u32(frame.errorCode).bytes(frame.debug);
			return plain(writer, frameTypes.goaway, 0, 0, payload.finish());
		}
		case "window-update":
			return plain(writer, frameTypes.windowUpdate, 0, frame.stream, new Writer(4).u32(frame.increment).finish());
		case "continuation": {
			const flags = flag(frame.isEndHeaders, frameFlags.endHeaders);
			return plain(writer, frameTypes.continuation, flags, frame.stream, frame.fragment);
		}
		case "extension":
			return plain(writer, frame.code, frame.flags, frame.stream, frame.payload);
	}
}

function plain(writer: Writer, type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
	return writer.u24(payload.length).u8(type).u8(flags).u32(stream).bytes(payload).finish();
}

/** A payload with a pad length before it and zeros behind it, unless `padding` is `noPadding`. */
function padded(
	writer: Writer,
	type: number,
	flags: number,
	frame: { readonly stream: number; readonly padding: number },
	before: Uint8Array,
	content: Uint8Array,
): Uint8Array {
	const { stream, padding } = frame;
	const length = before.length + content.length;
	if (padding === noPadding) {
		return writer.u24(length).u8(type).u8(flags).u32(stream).bytes(before).bytes(content).finish();
	}
	writer
		.u24(1 + length + padding)
		.u8(type)
		.u8(flags | frameFlags.padded)
		.u32(stream);
	return writer.u8(padding).bytes(before).bytes(content).bytes(new Uint8Array(padding)).finish();
}

function flag(isSet: boolean, bit: number): number {
	return isSet ? bit : 0;
}

function readStream(reader: Reader): number {
	return reader.u32() & 0x7fff_ffff;
}

function readPriority(reader: Reader): Priority {
	const word = reader.u32();
	return { isExclusive: word >= 0x8000_0000, dependsOn: word & 0x7fff_ffff, weight: reader.u8() + 1 };
}

function priorityOctets({ isExclusive, dependsOn, weight }: Priority): Uint8Array {
	return new Writer(5)
		.u32((isExclusive ? 0x8000_0000 : 0) + dependsOn)
		.u8(weight - 1)
		.finish();
}

/** What lies before the padding; undefined when the padding is longer than the rest (RFC 9113 §6.1). */
function withoutPadding(reader: Reader, padding: number): Uint8Array | undefined {
	const length = reader.remaining - Math.max(0, padding);
	return reader.isShort || length < 0 ? undefined : reader.take(length);
}

function readSettings(reader: Reader, isAck: boolean): Frame | FrameError {
	const settings: Setting[] = [];
	while (reader.remaining > 0) {
		const id = reader.u16();
		const value = reader.u32();
		const wrong = checkSetting(id, value);
		if (wrong !== undefined) return wrong;
		settings.push({ id, value });
	}
	return { type: "settings", isAck, settings };
}

/** RFC 9113 §6.5.2: values that are errors by themselves. */
function checkSetting(id: number, value: number): FrameError | undefined {
	switch (id) {
		case settingIds.enablePush:
		case settingIds.enableConnectProtocol:
			return value > 1 ? protocolError(`setting ${id} with value ${value}`) : undefined;
		case settingIds.initialWindowSize:
			if (value <= maxWindow) return undefined;
			return { ...protocolError(`an initial window of ${value} octets`), errorCode: errorCodes.flowControlError };
		case settingIds.maxFrameSize:
			if (value >= minFrameOctets && value <= mostFrameOctets) return undefined;
			return protocolError(`a frame size of ${value} octets`);
		default:
			return undefined;
	}
}

function badPadding(name: string): FrameError {
	return protocolError(`${name} whose padding is longer than its payload`);
}

function protocolError(reason: string, scope: FrameError["scope"] = "connection"): FrameError {
	return { kind: "malformed", reason, errorCode: errorCodes.protocolError, scope };
}

function frameSizeError(reason: string, scope: FrameError["scope"]): FrameError {
	return { kind: "malformed", reason, errorCode: errorCodes.frameSizeError, scope };
}

function octetAt(octets: Uint8Array, at: number): number {
	return octets[at] as number;
}

/** No padding, which is not the same as padding of 0 octets: the original octets have to come out again. */
export const noPadding = -1;
const settingOctets = 6;
const maxWindow = 0x7fff_ffff;
export const minFrameOctets = 16_384;
const mostFrameOctets = 16_777_215;
const noOctets = new Uint8Array(0);

interface FrameRule {
	readonly name: string;
	/** Whether the frame names a stream, must not, or may. */
	readonly stream: "some" | "none" | "any";
	readonly least: number;
	readonly most: number;
	/** A frame that cannot be read leaves the connection's state unknown (RFC 9113 §4.2). */
	readonly isConnectionState: boolean;
}

/** By type. */
const rules: readonly FrameRule[] = [
	{ name: "DATA", stream: "some", least: 0, most: mostFrameOctets, isConnectionState: false },
	{ name: "HEADERS", stream: "some", least: 0, most: mostFrameOctets, isConnectionState: true },
	{ name: "PRIORITY", stream: "some", least: 5, most: 5, isConnectionState: false },
	{ name: "RST_STREAM", stream: "some", least: 4, most: 4, isConnectionState: false },
	{ name: "SETTINGS", stream: "none", least: 0, most: mostFrameOctets, isConnectionState: true },
	{ name: "PUSH_PROMISE", stream: "some", least: 4, most: mostFrameOctets, isConnectionState: true },
	{ name: "PING", stream: "none", least: 8, most: 8, isConnectionState: true },
	{ name: "GOAWAY", stream: "none", least: 8, most: mostFrameOctets, isConnectionState: true },
	{ name: "WINDOW_UPDATE", stream: "any", least: 4, most: 4, isConnectionState: false },
	{ name: "CONTINUATION", stream: "some", least: 0, most: mostFrameOctets, isConnectionState: true },
];
