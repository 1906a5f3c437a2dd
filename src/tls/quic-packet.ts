/**
 * The long header of QUIC, as far as it stands in clear, and the frames of an Initial packet.
 *
 *   1 1 type(2) protected(4) | version (4) | n, destination ID | n, source ID | Initial: token length, token | length | ...
 *
 * Source: RFC 8999, RFC 9000 §17.2 and §19, RFC 9369 §3.
 */
import { type Decoded, done, malformed, Reader } from "#base/bytes.ts";

export const quicVersion = { v1: 0x0000_0001, v2: 0x6b33_43cf } as const;

/** A packet with a long header at the beginning of what was decoded. Octet fields are views. */
export interface QuicLongPacket {
	readonly version: number;
	readonly destinationId: Uint8Array;
	readonly sourceId: Uint8Array;
	/** `other`: 0-RTT, Handshake, or any packet of a version that is not known. */
	readonly type: "initial" | "retry" | "version-negotiation" | "other";
	readonly token: Uint8Array;
	/** Where the protected packet number begins; the payload ends with the packet. */
	readonly numberAt: number;
}

/**
 * Decodes the header of one packet. A datagram may hold several, one behind the other: `octets` of the answer says where the next
 * one begins. A packet of an unknown version, a Retry and a Version Negotiation take the whole datagram.
 *
 * Faults: malformed when it is no long header, an ID has more than 20 octets in a known version, or a length points past the
 * datagram. Never need-more: a datagram is complete.
 */
export function decodeQuicLongPacket(datagram: Uint8Array, position = 0): Decoded<QuicLongPacket> {
	const reader = new Reader(datagram, position);
	const first = reader.u8();
	if ((first & 0x80) === 0) return malformed("no long header of QUIC");
	const version = reader.u32();
	const destinationId = reader.take(reader.u8());
	const sourceId = reader.take(reader.u8());
	if (reader.isShort) return malformed("QUIC header ends before its connection IDs");
	const clear = { version, destinationId, sourceId, token: nothing, numberAt: reader.position };
	const whole = datagram.length - position;
	if (version === 0) return done({ ...clear, type: "version-negotiation" }, whole);
	const types = longTypes.get(version);
	if (types === undefined) return done({ ...clear, type: "other" }, whole);
	if ((first & 0x40) === 0) return malformed("QUIC header without its fixed bit");
	if (destinationId.length > maxIdOctets || sourceId.length > maxIdOctets)
		return malformed(`QUIC connection ID has more than ${maxIdOctets} octets`);
	const type = (first >>> 4) & 3;
	if (type === types.retry) return done({ ...clear, type: "retry" }, whole);
	const token = type === types.initial ? reader.take(readVarint(reader)) : nothing;
	const length = readVarint(reader);
	const numberAt = reader.position;
	reader.take(length);
	if (reader.isShort) return malformed("QUIC packet reaches past its datagram");
	return done(
		{ ...clear, type: type === types.initial ? "initial" : "other", token, numberAt },
		reader.position - position,
	);
}

/** What the gateway reads of an Initial packet's frames: pieces of the handshake, each at its place. */
export interface CryptoFrame {
	readonly offset: number;
	readonly octets: Uint8Array;
}

/**
 * Reads the frames of a decrypted Initial packet and answers its CRYPTO frames.
 *
 * Faults: malformed for a frame that may not stand in an Initial packet (RFC 9000 §17.2.2) or reaches past its end.
 */
export function decodeInitialFrames(payload: Uint8Array): Decoded<readonly CryptoFrame[]> {
	const reader = new Reader(payload);
	const frames: CryptoFrame[] = [];
	if (payload.length === 0) return malformed("QUIC Initial packet without frames");
	while (reader.remaining > 0 && !reader.isShort) {
		const type = readVarint(reader);
		switch (type) {
			case frameType.padding:
			case frameType.ping:
				break;
			case frameType.ack:
			case frameType.ackEcn:
				skipAck(reader, type === frameType.ackEcn);
				break;
			case frameType.crypto: {
				const offset = readVarint(reader);
				frames.push({ offset, octets: reader.take(readVarint(reader)) });
				break;
			}
			case frameType.connectionClose:
				readVarint(reader);
				readVarint(reader);
				reader.take(readVarint(reader));
				break;
			default:
				return malformed(`QUIC Initial packet holds a frame of type 0x${type.toString(16)}`);
		}
	}
	return reader.isShort
		? malformed("a frame reaches past the end of its QUIC Initial packet")
		: done(frames, payload.length);
}

/** A variable-length integer (RFC 9000 §16). One beyond 2^53 is not exact, and larger than any length there is. */
export function readVarint(reader: Reader): number {
	const first = reader.u8();
	let value = first & 0x3f;
	for (let more = (1 << (first >>> 6)) - 1; more > 0; more--) value = value * 256 + reader.u8();
	return value;
}

function skipAck(reader: Reader, hasCounts: boolean): void {
	readVarint(reader);
	readVarint(reader);
	const ranges = readVarint(reader);
	readVarint(reader);
	for (let index = 0; index < ranges && !reader.isShort; index++) {
		readVarint(reader);
		readVarint(reader);
	}
	for (let index = 0; hasCounts && index < 3; index++) readVarint(reader);
}

const nothing = new Uint8Array(0);
const maxIdOctets = 20;
const longTypes: ReadonlyMap<number, { readonly initial: number; readonly retry: number }> = new Map([
	[quicVersion.v1, { initial: 0, retry: 3 }],
	[quicVersion.v2, { initial: 1, retry: 0 }],
]);
const frameType = { padding: 0, ping: 1, ack: 2, ackEcn: 3, crypto: 6, connectionClose: 0x1c } as const;
