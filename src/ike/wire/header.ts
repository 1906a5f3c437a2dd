/**
 * The 28 octets before every message of IKE.
 *
 *      0       8       16      24      32
 *     +-------+-------+-------+-------+
 *     |        initiator SPI (8)      |
 *     |        responder SPI (8)      |
 *     +-------+-------+-------+-------+
 *     | first |version|exch.  | flags |
 *     |          message ID           |
 *     |            length             |
 *     +-------+-------+-------+-------+
 *
 * Source: RFC 7296 §3.1.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** Exchange types (RFC 7296 §3.1; IKE_INTERMEDIATE: RFC 9242; IKE_FOLLOWUP_KE: RFC 9370). */
export const exchangeType = {
	ikeSaInit: 34,
	ikeAuth: 35,
	createChildSa: 36,
	informational: 37,
	ikeIntermediate: 43,
	ikeFollowupKe: 44,
} as const;

/** Octets of a header. */
export const ikeHeaderOctets = 28;

/** Octets of an SPI of IKE. */
export const ikeSpiOctets = 8;

/** Version 2.0 as it stands in the header: four bits major, four bits minor. */
export const ikeVersion2 = 0x20;

export interface IkeHeader {
	readonly initiatorSpi: Uint8Array;
	/** Zero in the first message. */
	readonly responderSpi: Uint8Array;
	/** Type of the first payload; 0 when there is none. */
	readonly firstPayload: number;
	/** Major version in the upper four bits, minor in the lower. */
	readonly version: number;
	readonly exchange: number;
	/** The sender is who began the association, whoever began this exchange. */
	readonly isInitiator: boolean;
	readonly isResponse: boolean;
	readonly messageId: number;
	/** Octets of the whole message, header included. */
	readonly length: number;
}

/**
 * Decodes the header of a whole datagram. A datagram never grows, so it is never need-more.
 *
 * Faults: fewer than 28 octets, a length other than that of the datagram. The version is not judged here.
 */
export function decodeIkeHeader(octets: Uint8Array): Decoded<IkeHeader> {
	if (octets.length < ikeHeaderOctets)
		return malformed(`message has ${octets.length} octets; a header alone has ${ikeHeaderOctets}`);
	const reader = new Reader(octets);
	const initiatorSpi = reader.take(ikeSpiOctets);
	const responderSpi = reader.take(ikeSpiOctets);
	const firstPayload = reader.u8();
	const version = reader.u8();
	const exchange = reader.u8();
	const flags = reader.u8();
	const messageId = reader.u32();
	const length = reader.u32();
	if (length !== octets.length)
		return malformed(`message says it has ${length} octets; the datagram has ${octets.length}`);
	const isInitiator = (flags & initiatorFlag) !== 0;
	const isResponse = (flags & responseFlag) !== 0;
	return done(
		{ initiatorSpi, responderSpi, firstPayload, version, exchange, isInitiator, isResponse, messageId, length },
		ikeHeaderOctets,
	);
}

/** Encodes a header; `length` is that of the whole message. */
export function encodeIkeHeader(header: IkeHeader): Uint8Array {
	const flags = (header.isInitiator ? initiatorFlag : 0) | (header.isResponse ? responseFlag : 0);
	return new Writer(ikeHeaderOctets)
		.bytes(header.initiatorSpi)
		.bytes(header.responderSpi)
		.u8(header.firstPayload)
		.u8(header.version)
		.u8(header.exchange)
		.u8(flags)
		.u32(header.messageId)
		.u32(header.length)
		.finish();
}

const initiatorFlag = 0x08;
const responseFlag = 0x20;
