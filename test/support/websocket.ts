/** Frames and messages of WebSockets as a peer writes them, and a reader of what came. */
import { deflateRawSync, constants as zlib } from "node:zlib";
import { webSocketOpcodes } from "#http/websocket-frame.ts";

export interface FrameParts {
	readonly opcode?: number;
	readonly isFinal?: boolean;
	readonly rsv?: number;
	/** Masked as a client does; undefined: as a server does. */
	readonly key?: readonly [number, number, number, number] | undefined;
	/** Writes the length in so many octets, whatever it needs. */
	readonly lengthOctets?: 0 | 2 | 8;
}

export const clientKey = [0x37, 0xfa, 0x21, 0x3d] as const;

/** One frame (RFC 6455 §5.2), with an encoder of its own. */
export function frame(payload: string | Uint8Array, parts: FrameParts = {}): Buffer {
	const octets = Buffer.from(typeof payload === "string" ? Buffer.from(payload, "utf8") : payload);
	const { opcode = webSocketOpcodes.text, isFinal = true, rsv = 0, key } = parts;
	const lengthOctets = parts.lengthOctets ?? (octets.length < 126 ? 0 : octets.length < 65_536 ? 2 : 8);
	const short = lengthOctets === 0 ? octets.length : lengthOctets === 2 ? 126 : 127;
	const head = Buffer.alloc(2 + lengthOctets);
	head[0] = (isFinal ? 0x80 : 0) | (rsv << 4) | opcode;
	head[1] = (key === undefined ? 0 : 0x80) | short;
	if (lengthOctets === 2) head.writeUInt16BE(octets.length, 2);
	if (lengthOctets === 8) head.writeBigUInt64BE(BigInt(octets.length), 2);
	if (key === undefined) return Buffer.concat([head, octets]);
	return Buffer.concat([head, Buffer.from(key), octets.map((octet, at) => octet ^ (key[at & 3] as number))]);
}

/** A message in so many fragments. */
export function message(payload: string | Uint8Array, fragments = 1, parts: FrameParts = {}): Buffer[] {
	const octets = typeof payload === "string" ? Buffer.from(payload, "utf8") : Buffer.from(payload);
	const size = Math.max(1, Math.ceil(octets.length / fragments));
	const frames: Buffer[] = [];
	for (let at = 0; at === 0 || at < octets.length; at += size) {
		const isFirst = at === 0;
		const opcode = isFirst ? (parts.opcode ?? webSocketOpcodes.text) : webSocketOpcodes.continuation;
		const rsv = isFirst ? (parts.rsv ?? 0) : 0;
		frames.push(frame(octets.subarray(at, at + size), { ...parts, opcode, rsv, isFinal: at + size >= octets.length }));
	}
	return frames;
}

/** The payload of a compressed message that refers to nothing before it (RFC 7692 §7.2.1). */
export function deflated(text: string | Uint8Array): Buffer {
	const octets = deflateRawSync(text, { finishFlush: zlib.Z_SYNC_FLUSH });
	return octets.subarray(0, octets.length - 4);
}

/** Cuts octets at these places (of any order, taken modulo the length). */
export function cutAt(octets: Uint8Array, places: readonly number[]): Uint8Array[] {
	const cuts = [...new Set(places.map((place) => place % (octets.length + 1)))].sort((one, other) => one - other);
	const pieces: Uint8Array[] = [];
	let from = 0;
	for (const cut of [...cuts, octets.length]) {
		if (cut > from) pieces.push(octets.subarray(from, cut));
		from = Math.max(from, cut);
	}
	return pieces;
}
