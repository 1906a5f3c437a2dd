/**
 * The fragments of ClientHellos in a datagram: whoever lets DTLS pass unopened must see each that a server might read, whatever
 * stands around it.
 */
import { Reader } from "#base/bytes.ts";
import { decodeDtlsRecord } from "#dtls/record.ts";
import { contentType } from "#tls/record.ts";

/** A part of a ClientHello. Octets are a view of the datagram. */
export interface HelloFragment {
	/** message_seq: 0 in the first hello of a connection, 1 in one with a cookie. */
	readonly sequence: number;
	/** Octets of the whole message. */
	readonly size: number;
	readonly offset: number;
	readonly octets: Uint8Array;
}

/**
 * The fragments in records in clear; the one empty array when there are none, as in nearly all datagrams. Undefined when the
 * datagram is not records from end to end: receivers differ in what they read behind a malformed one.
 */
export function helloFragments(datagram: Uint8Array): readonly HelloFragment[] | undefined {
	if (isOpaque(datagram[0])) return none;
	let found: HelloFragment[] | undefined;
	for (let at = 0; at < datagram.length; ) {
		const decoded = decodeDtlsRecord(datagram, at);
		if (decoded.kind !== "done") return undefined;
		at += decoded.octets;
		const { type, epoch, fragment } = decoded.value;
		if (type !== contentType.handshake || epoch !== 0) continue;
		const reader = new Reader(fragment);
		while (reader.remaining > 0) {
			const message = reader.u8();
			const size = reader.u24();
			const sequence = reader.u16();
			const offset = reader.u24();
			const octets = reader.take(reader.u24());
			if (reader.isShort) return undefined;
			if (message !== clientHelloType) continue;
			found ??= [];
			found.push({ sequence, size, offset, octets });
		}
	}
	return found ?? none;
}

/** True when the fragment is a part of this very message. */
export function isPartOf({ size, offset, octets }: HelloFragment, body: Uint8Array): boolean {
	if (size !== body.length || offset + octets.length > size) return false;
	return Buffer.compare(body.subarray(offset, offset + octets.length), octets) === 0;
}

/** Encrypted from the first octet on: DTLS 1.3 (001xxxxx, RFC 9147 §4), or behind a connection ID (25, RFC 9146 §4). */
function isOpaque(first = 0): boolean {
	return first >>> 5 === 1 || first === 25;
}

const clientHelloType = 1;
const none: readonly HelloFragment[] = [];
