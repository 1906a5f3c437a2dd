/**
 * Messages of netlink, by which Linux is asked for what it does with packets: the frame of all of them.
 *
 *     length (4) | type (2) | flags (2) | sequence (4) | port (4)          a message, in the order of octets of the machine
 *     a structure that the type tells
 *     ( length (2) | type (2) | value, padded to 4 )*                      attributes
 *
 * Source: netlink(7), RFC 3549 §2.2.
 */
import { type Decoded, done, malformed } from "#base/bytes.ts";

/** A request. `body`: the structure, of a multiple of 4 octets, and the attributes behind it. */
export interface NetlinkRequest {
	readonly type: number;
	/** Of `netlinkFlag`; that it is a request needs not be said. */
	readonly flags: number;
	readonly body: Uint8Array;
}

/** A message of the kernel. Octet fields are views. */
export type NetlinkMessage =
	/** The answer to a request: 0, or the number of an error, with what the kernel says of it. */
	| { readonly kind: "answer"; readonly sequence: number; readonly errorNumber: number; readonly text: string }
	/** The end of a list. */
	| { readonly kind: "end"; readonly sequence: number; readonly errorNumber: number }
	| { readonly kind: "message"; readonly sequence: number; readonly type: number; readonly body: Uint8Array };

/** What became of a request. */
export interface NetlinkAnswer {
	/** 0, or why it was refused. */
	readonly errorNumber: number;
	/** What the kernel says of an error; may be empty. */
	readonly text: string;
	/** The messages before the answer. */
	readonly bodies: readonly Uint8Array[];
}

/** Names of bits of the flags. */
export const netlinkFlag = {
	/** An answer is wanted even when all is well. */
	answer: 0x004,
	/** All things of the kind. */
	list: 0x300,
	/** Refuse when it is there. */
	exclusive: 0x200,
	/** Make it when it is not there. */
	create: 0x400,
} as const;

export function encodeNetlink(request: NetlinkRequest, sequence: number, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(headerOctets + request.body.length);
	const view = new DataView(octets.buffer);
	view.setUint32(0, octets.length, isLittleEndian);
	view.setUint16(4, request.type, isLittleEndian);
	view.setUint16(6, request.flags | requestFlag, isLittleEndian);
	view.setUint32(8, sequence, isLittleEndian);
	octets.set(request.body, headerOctets);
	return octets;
}

/**
 * The messages of one datagram of the kernel.
 *
 * Faults: malformed when a length points past its end. Never need-more: a datagram is complete.
 */
export function decodeNetlink(octets: Uint8Array, isLittleEndian: boolean): Decoded<readonly NetlinkMessage[]> {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const messages: NetlinkMessage[] = [];
	for (let at = 0; at < octets.length; ) {
		if (octets.length - at < headerOctets) return malformed(`${octets.length - at} octets behind the last message`);
		const length = view.getUint32(at, isLittleEndian);
		if (length < headerOctets || length > octets.length - at) return malformed(`a message of ${length} octets`);
		const message = readMessage(octets.subarray(at, at + length), isLittleEndian);
		if (message === undefined) return malformed("an answer without its number");
		messages.push(message);
		at += aligned(length);
	}
	return done(messages, octets.length);
}

/** One attribute with its padding. */
export function encodeAttribute(type: number, value: Uint8Array, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(aligned(4 + value.length));
	const view = new DataView(octets.buffer);
	view.setUint16(0, 4 + value.length, isLittleEndian);
	view.setUint16(2, type, isLittleEndian);
	octets.set(value, 4);
	return octets;
}

/**
 * Attributes by their type, the last of each; views.
 *
 * Faults: malformed when a length points past the end.
 */
export function decodeAttributes(
	octets: Uint8Array,
	isLittleEndian: boolean,
): Decoded<ReadonlyMap<number, Uint8Array>> {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const attributes = new Map<number, Uint8Array>();
	for (let at = 0; at + 4 <= octets.length; ) {
		const length = view.getUint16(at, isLittleEndian);
		if (length < 4 || at + length > octets.length) return malformed(`an attribute of ${length} octets`);
		attributes.set(view.getUint16(at + 2, isLittleEndian) & typeMask, octets.subarray(at + 4, at + length));
		at += aligned(length);
	}
	return done(attributes, octets.length);
}

function readMessage(octets: Uint8Array, isLittleEndian: boolean): NetlinkMessage | undefined {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const type = view.getUint16(4, isLittleEndian);
	const sequence = view.getUint32(8, isLittleEndian);
	if (type !== answerType && type !== endType)
		return { kind: "message", sequence, type, body: octets.subarray(headerOctets) };
	if (octets.length < headerOctets + 4) return type === endType ? { kind: "end", sequence, errorNumber: 0 } : undefined;
	const errorNumber = 0 - view.getInt32(headerOctets, isLittleEndian);
	if (type === endType) return { kind: "end", sequence, errorNumber };
	return { kind: "answer", sequence, errorNumber, text: answerText(octets, isLittleEndian) };
}

/** What the kernel says of an error stands behind the header of the request, or behind all of it, as a flag tells. */
function answerText(octets: Uint8Array, isLittleEndian: boolean): string {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const flags = view.getUint16(6, isLittleEndian);
	const request = headerOctets + 4;
	if ((flags & hasText) === 0 || octets.length < request + headerOctets) return "";
	const quoted = (flags & isCapped) === 0 ? aligned(view.getUint32(request, isLittleEndian)) : headerOctets;
	const attributes = decodeAttributes(octets.subarray(request + quoted), isLittleEndian);
	const text = attributes.kind === "done" ? attributes.value.get(textAttribute) : undefined;
	// It ends with NUL.
	return text === undefined ? "" : Buffer.from(text.subarray(0, -1)).toString("utf8");
}

function aligned(octets: number): number {
	return Math.ceil(octets / 4) * 4;
}

const headerOctets = 16;
const requestFlag = 1;
const answerType = 2;
const endType = 3;
const isCapped = 0x100;
const hasText = 0x200;
const textAttribute = 1;
/** The two bits above tell of nesting and of the order of octets. */
const typeMask = 0x3fff;
