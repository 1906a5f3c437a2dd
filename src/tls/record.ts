/**
 * The TLS record: the five octets before every fragment, read and written.
 *
 *     0        1                 3                 5
 *     +--------+-----------------+-----------------+----------
 *     | type   | legacy version  | length          | fragment
 *     +--------+-----------------+-----------------+----------
 *
 * Source: RFC 8446 §5.1, RFC 5246 §6.2.
 */

import { type Decoded, done, malformed, needMore, Reader, Writer } from "#base/bytes.ts";

/** Content types (RFC 8446 §B.1; heartbeat: RFC 6520). */
export const contentType = {
	changeCipherSpec: 20,
	alert: 21,
	handshake: 22,
	applicationData: 23,
	heartbeat: 24,
} as const;

/** Protocol versions as they stand in records and hellos. */
export const protocolVersion = {
	ssl30: 0x0300,
	tls10: 0x0301,
	tls11: 0x0302,
	tls12: 0x0303,
	tls13: 0x0304,
} as const;

export const recordHeaderOctets = 5;

/** The longest fragment of an unprotected record (RFC 8446 §5.1). */
export const maxPlaintextOctets = 16_384;

/** The longest fragment of a protected record: TLS 1.2 allows 2,048 more octets, TLS 1.3 256 (RFC 5246 §6.2.3). */
export const maxProtectedOctets = 18_432;

export interface RecordHeader {
	readonly type: number;
	/** 0x0300 to 0x0304; says nothing about the version in use (RFC 8446 §5.1). */
	readonly legacyVersion: number;
	/** Octets of the fragment that follows. */
	readonly length: number;
}

export interface TlsRecord extends RecordHeader {
	/** A view of the input, not a copy. */
	readonly fragment: Uint8Array;
}

/**
 * Decodes the header at `position`. Each octet is judged as soon as it is there, so one wrong octet is malformed and
 * never need-more.
 *
 * Bounds: `maxOctets` is the longest fragment accepted: `maxPlaintextOctets` before keys, `maxProtectedOctets` after.
 * Faults: an unknown content type, a major version other than 3, a minor version above 4, a fragment that is too long
 * or (except for application data) empty.
 */
export function decodeRecordHeader(
	octets: Uint8Array,
	position = 0,
	maxOctets: number = maxPlaintextOctets,
): Decoded<RecordHeader> {
	const reader = new Reader(octets, position);
	if (reader.remaining < 1) return needMore;
	const type = reader.u8();
	if (type < contentType.changeCipherSpec || type > contentType.heartbeat)
		return malformed(`record content type is ${type}; expected 20 to 24`);
	if (reader.remaining < 1) return needMore;
	const major = reader.u8();
	if (major !== 3) return malformed(`record version begins with ${major}; expected 3`);
	if (reader.remaining < 1) return needMore;
	const minor = reader.u8();
	if (minor > 4) return malformed(`record version is 3.${minor}; expected 3.0 to 3.4`);
	if (reader.remaining < 2) return needMore;
	const length = reader.u16();
	if (length > maxOctets) return malformed(`record fragment has ${length} octets; at most ${maxOctets} are allowed`);
	// "Zero-length fragments of Handshake and Alert types MUST NOT be sent" (RFC 8446 §5.1).
	if (length === 0 && type !== contentType.applicationData) return malformed(`record of type ${type} is empty`);
	return done({ type, legacyVersion: 0x0300 | minor, length }, recordHeaderOctets);
}

/** Decodes one whole record from the beginning of `octets`. */
export function decodeRecord(octets: Uint8Array, maxOctets: number = maxPlaintextOctets): Decoded<TlsRecord> {
	const header = decodeRecordHeader(octets, 0, maxOctets);
	if (header.kind !== "done") return header;
	const end = recordHeaderOctets + header.value.length;
	if (octets.length < end) return needMore;
	return done({ ...header.value, fragment: octets.subarray(recordHeaderOctets, end) }, end);
}

/** Encodes one unprotected record. Throws a RangeError when the fragment is empty or longer than a record may be. */
export function encodeRecord(type: number, legacyVersion: number, fragment: Uint8Array): Uint8Array {
	if (fragment.length === 0 || fragment.length > maxPlaintextOctets)
		throw new RangeError(`a record fragment of ${fragment.length} octets`);
	return new Writer(recordHeaderOctets + fragment.length)
		.u8(type)
		.u16(legacyVersion)
		.u16(fragment.length)
		.bytes(fragment)
		.finish();
}
