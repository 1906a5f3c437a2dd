/**
 * Packets that rules of the packet filter log to a group (`log group`): what the kernel is asked, and what it sends.
 *
 *   length (4) | type (2) | flags (2) | sequence (4) | port (4)          a message of netlink, in the order of this machine
 *   family (1) | version (1) | group (2)                                 of netfilter; from here on in the order of the network,
 *   ( length (2) | type (2) | value, padded to 4 )*                      but for length and type of an attribute
 *
 * Source: netlink(7), RFC 3549 §2.2; linux/netfilter/nfnetlink_log.h.
 */
import { type Decoded, done, malformed } from "#base/bytes.ts";

/** What one message says. Octet fields are views. */
export type PacketLogMessage =
	/** The answer to a request: 0, or the number of an error. */
	| { readonly kind: "answer"; readonly errorNumber: number }
	/** `prefix` is what the rule says of itself. */
	| { readonly kind: "packet"; readonly prefix: string; readonly packet: Uint8Array }
	| { readonly kind: "other" };

/** Asks for the packets of a group, the first `snapOctets` of each, as soon as there is one; each is answered. */
export function packetLogRequests(group: number, snapOctets: number, isLittleEndian: boolean): readonly Uint8Array[] {
	const bind = Uint8Array.of(1);
	const mode = new Uint8Array(6);
	new DataView(mode.buffer).setUint32(0, snapOctets);
	mode[4] = copyPacket;
	const threshold = new Uint8Array(4);
	threshold[3] = 1;
	return [
		request(group, configCommand, bind, isLittleEndian),
		request(group, configMode, mode, isLittleEndian),
		request(group, configThreshold, threshold, isLittleEndian),
	];
}

function request(group: number, attribute: number, value: Uint8Array, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(headerOctets + familyOctets + 4 + Math.ceil(value.length / 4) * 4);
	const view = new DataView(octets.buffer);
	view.setUint32(0, octets.length, isLittleEndian);
	view.setUint16(4, packetLogConfig, isLittleEndian);
	view.setUint16(6, isRequest | wantsAnswer, isLittleEndian);
	view.setUint16(18, group);
	view.setUint16(20, 4 + value.length, isLittleEndian);
	view.setUint16(22, attribute, isLittleEndian);
	octets.set(value, 24);
	return octets;
}

/**
 * Decodes the messages of one datagram of the kernel.
 *
 * Faults: malformed when a length points past its end. Never need-more: a datagram is complete.
 */
export function decodePacketLog(octets: Uint8Array, isLittleEndian: boolean): Decoded<readonly PacketLogMessage[]> {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
	const messages: PacketLogMessage[] = [];
	for (let at = 0; at < octets.length; ) {
		if (octets.length - at < headerOctets) return malformed(`${octets.length - at} octets behind the last message`);
		const length = view.getUint32(at, isLittleEndian);
		if (length < headerOctets || length > octets.length - at) return malformed(`a message of ${length} octets`);
		const message = readMessage(octets.subarray(at, at + length), isLittleEndian);
		if (typeof message === "string") return malformed(message);
		messages.push(message);
		at += Math.ceil(length / 4) * 4;
	}
	return done(messages, octets.length);
}

function readMessage(octets: Uint8Array, isLittleEndian: boolean): PacketLogMessage | string {
	const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
	const type = view.getUint16(4, isLittleEndian);
	if (type === answerType) {
		if (octets.length < headerOctets + 4) return "an answer without its number";
		return { kind: "answer", errorNumber: -view.getInt32(headerOctets, isLittleEndian) };
	}
	if (type !== packetLogPacket) return { kind: "other" };
	let prefix = "";
	let packet: Uint8Array | undefined;
	for (let at = headerOctets + familyOctets; at + 4 <= octets.length; ) {
		const length = view.getUint16(at, isLittleEndian);
		if (length < 4 || at + length > octets.length) return `an attribute of ${length} octets`;
		const value = octets.subarray(at + 4, at + length);
		const attribute = view.getUint16(at + 2, isLittleEndian) & 0x3fff;
		if (attribute === attributePayload) packet = value;
		// It ends with NUL.
		if (attribute === attributePrefix) prefix = Buffer.from(value.subarray(0, -1)).toString("utf8");
		at += Math.ceil(length / 4) * 4;
	}
	return packet === undefined ? { kind: "other" } : { kind: "packet", prefix, packet };
}

const headerOctets = 16;
const familyOctets = 4;
const answerType = 2;
/** Subsystem ULOG: a packet, and a request. */
const packetLogPacket = 0x0400;
const packetLogConfig = 0x0401;
const isRequest = 1;
const wantsAnswer = 4;
const configCommand = 1;
const configMode = 2;
const configThreshold = 5;
const copyPacket = 2;
const attributePayload = 9;
const attributePrefix = 10;
