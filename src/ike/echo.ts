/**
 * Echo requests of ICMP and ICMPv6 as they go by a raw socket, and their answers (RFC 792, RFC 4443 §4).
 *
 *     | type (1) | code (1) | checksum (2) | identifier (2) | sequence (2) | token (16) |
 *
 * Linux computes the checksum of ICMPv6.
 */
import { equalBytes } from "#base/bytes.ts";
import { internetChecksum, u16, writeU16 } from "#esp/header-words.ts";

/** What the answers to one monitor are known by. */
export interface EchoMark {
	/** 16 bits. */
	readonly identifier: number;
	/** 16 octets that nobody can guess. */
	readonly token: Uint8Array;
}

export function encodeEchoRequest(family: 4 | 6, { identifier, token }: EchoMark, sequence: number): Uint8Array {
	const message = new Uint8Array(headerOctets + token.length);
	message[0] = family === 4 ? echoRequest : echoRequest6;
	writeU16(message, 4, identifier);
	writeU16(message, 6, sequence & 0xffff);
	message.set(token, headerOctets);
	if (family === 4) writeU16(message, 2, internetChecksum(message));
	return message;
}

/** The sequence number of an answer with the mark; undefined for whatever else. `packet`: with the header of IP for IPv4, without it for IPv6. */
export function readEchoReply(family: 4 | 6, { identifier, token }: EchoMark, packet: Uint8Array): number | undefined {
	const header = family === 4 ? ((packet[0] ?? 0) & 0x0f) * 4 : 0;
	const message = packet.subarray(header);
	if (message.length !== headerOctets + token.length) return undefined;
	const isReply = message[0] === (family === 4 ? echoReply : echoReply6) && message[1] === 0;
	if (!isReply || u16(message, 4) !== identifier || !equalBytes(message.subarray(headerOctets), token))
		return undefined;
	return u16(message, 6);
}

const headerOctets = 8;
const echoRequest = 8;
const echoReply = 0;
const echoRequest6 = 128;
const echoReply6 = 129;
