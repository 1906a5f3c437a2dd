/**
 * The head of a frame of the WebSocket protocol, and the frame that closes a connection (RFC 6455 §5.2, §5.5.1).
 *
 *   |FIN|RSV1|RSV2|RSV3| opcode (4) | MASK | length (7) | length (16 or 64)? | masking key (32)? | payload
 */
import { type Decoded, done, malformed, needMore } from "#base/bytes.ts";

export const webSocketOpcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketFrameHead {
	readonly isFinal: boolean;
	/** RSV1: the message is compressed (RFC 7692 §6). Only the first frame of a message has it. */
	readonly isCompressed: boolean;
	readonly opcode: number;
	readonly isControl: boolean;
	/** The masking key; undefined when the payload is not masked. */
	readonly key: number | undefined;
	/** Octets of payload. */
	readonly length: number;
}

/**
 * Reads the head of a frame.
 *
 * Bounds: `maxFrameHeadOctets`. A length that is written longer than need be is malformed, and so is one above 2^53.
 */
export function decodeWebSocketHead(octets: Uint8Array): Decoded<WebSocketFrameHead> {
	const [first, second] = octets;
	if (first === undefined) return needMore;
	const opcode = first & 0x0f;
	const isControl = opcode >= webSocketOpcodes.close;
	if ((first & 0x30) !== 0) return malformed("a reserved bit (RSV2 or RSV3) is set");
	if (opcode > webSocketOpcodes.pong || (opcode > webSocketOpcodes.binary && !isControl))
		return malformed(`opcode ${opcode}, which means nothing`);
	const isFinal = (first & 0x80) !== 0;
	const isCompressed = (first & 0x40) !== 0;
	if (isControl && !isFinal) return malformed("a control frame in fragments");
	if (isControl && isCompressed) return malformed("a control frame with RSV1");
	if (second === undefined) return needMore;
	const short = second & 0x7f;
	if (isControl && short > maxControlOctets)
		return malformed(`a control frame of more than ${maxControlOctets} octets`);
	const lengthOctets = short === 127 ? 8 : short === 126 ? 2 : 0;
	if (octets.length < 2 + lengthOctets) return needMore;
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const length = short === 127 ? Number(view.getBigUint64(2)) : short === 126 ? view.getUint16(2) : short;
	if (length > Number.MAX_SAFE_INTEGER) return malformed("a frame longer than 2^53 octets");
	if (lengthOctets > 0 && length < (short === 127 ? 0x1_0000 : 126))
		return malformed("a length written longer than need be");
	const keyAt = 2 + lengthOctets;
	const isMasked = (second & 0x80) !== 0;
	if (!isMasked) return done({ isFinal, isCompressed, opcode, isControl, key: undefined, length }, keyAt);
	if (octets.length < keyAt + 4) return needMore;
	return done({ isFinal, isCompressed, opcode, isControl, key: view.getUint32(keyAt), length }, keyAt + 4);
}

/** The frame by which a server closes the connection; the reason is cut to what a control frame holds. */
export function encodeWebSocketClose(code: number, reason: string): Uint8Array {
	let text = Buffer.from(reason, "utf8");
	// Not amid a character: what does not begin one is taken off with it.
	if (text.length > maxReasonOctets) {
		let end = maxReasonOctets;
		while (((text[end] as number) & 0xc0) === 0x80) end--;
		text = text.subarray(0, end);
	}
	return Buffer.concat([Buffer.from([0x88, 2 + text.length, code >> 8, code & 0xff]), text]);
}

/** True of codes that may stand in a close frame (RFC 6455 §7.4). */
export function isCloseCode(code: number): boolean {
	if (code >= 3_000) return code < 5_000;
	return code >= 1_000 && code <= 1_014 && !(code >= 1_004 && code <= 1_006);
}

/** Codes by which the gateway closes (RFC 6455 §7.4.1). */
export const closeCodes = { protocolError: 1_002, invalidData: 1_007, policyViolation: 1_008, tooBig: 1_009 } as const;

export const maxFrameHeadOctets = 14;
export const maxControlOctets = 125;
const maxReasonOctets = maxControlOctets - 2;
