/**
 * The DTLS record: the thirteen octets before every fragment, read and written. A datagram holds whole records, one or several.
 *
 *     type (1) | version (2) | epoch (2) | sequence number (6) | length (2) | fragment
 *
 * Source: RFC 6347 §4.1.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";
import { type AlertName, alerts } from "#tls/alert.ts";
import { contentType, maxProtectedOctets } from "#tls/record.ts";

/** Versions as they stand in records: the ones' complement of those of TLS. */
export const dtlsVersion = { dtls10: 0xfeff, dtls12: 0xfefd, dtls13: 0xfefc } as const;

export const dtlsHeaderOctets = 13;

/** Sequence numbers have 48 bits: no more records can be sent under one key. */
export const maxSequence = 2 ** 48 - 1;

export interface DtlsRecord {
	readonly type: number;
	readonly version: number;
	/** Counts the keys: 0 is in clear. */
	readonly epoch: number;
	/** 0 to `maxSequence`, anew in each epoch. */
	readonly sequence: number;
	/** A view of the datagram. */
	readonly fragment: Uint8Array;
}

/**
 * Decodes the record at `position` of a datagram, which holds all of it: there is no need-more.
 *
 * Faults: malformed when the header or the fragment is cut, the version is none of DTLS or the fragment is too long. A receiver
 * discards the rest of such a datagram silently (RFC 6347 §4.1.2.7).
 */
export function decodeDtlsRecord(datagram: Uint8Array, position = 0): Decoded<DtlsRecord> {
	const reader = new Reader(datagram, position);
	const type = reader.u8();
	const version = reader.u16();
	const epoch = reader.u16();
	const sequence = reader.u16() * 2 ** 32 + reader.u32();
	const length = reader.u16();
	if (reader.isShort)
		return malformed(`the datagram ends after ${datagram.length - position} octets of a record header`);
	if (version >>> 8 !== dtlsMajor) return malformed(`record version is 0x${version.toString(16)}; expected 0xfexx`);
	if (length > maxProtectedOctets)
		return malformed(`a record of ${length} octets; at most ${maxProtectedOctets} are allowed`);
	if (length > reader.remaining)
		return malformed(`the datagram ends after ${reader.remaining} of a record's ${length} octets`);
	const fragment = reader.take(length);
	return done({ type, version, epoch, sequence, fragment }, dtlsHeaderOctets + length);
}

/** The records of a datagram up to the first that is malformed. */
export function decodeDtlsRecords(datagram: Uint8Array): DtlsRecord[] {
	const records: DtlsRecord[] = [];
	for (let at = 0; at < datagram.length; ) {
		const decoded = decodeDtlsRecord(datagram, at);
		if (decoded.kind !== "done") return records;
		records.push(decoded.value);
		at += decoded.octets;
	}
	return records;
}

export function encodeDtlsRecord({ type, version, epoch, sequence, fragment }: DtlsRecord): Uint8Array {
	return new Writer(dtlsHeaderOctets + fragment.length)
		.u8(type)
		.u16(version)
		.u16(epoch)
		.u16(Math.floor(sequence / 2 ** 32))
		.u32(sequence % 2 ** 32)
		.prefixed(2, (body) => body.bytes(fragment))
		.finish();
}

/** The datagram that refuses a handshake before there are keys: one fatal alert in clear, of fifteen octets. */
export function encodePlainAlert(alert: AlertName | number, sequence: number): Uint8Array {
	const code = typeof alert === "number" ? alert : alerts.find(({ name }) => name === alert)?.code;
	const fragment = Uint8Array.of(fatal, code ?? internalError);
	return encodeDtlsRecord({
		type: contentType.alert,
		version: dtlsVersion.dtls12,
		epoch: 0,
		sequence,
		fragment,
	});
}

const dtlsMajor = 0xfe;
const fatal = 2;
const internalError = 80;
