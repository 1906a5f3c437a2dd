/**
 * The KE payload: a public value of a key exchange.
 *
 *     | group (2) | 0 (2) | public value ... |
 *
 * Source: RFC 7296 §3.4.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export interface KeyExchangeBody {
	readonly group: number;
	readonly data: Uint8Array;
}

/** Decodes the body. Faults: no public value. Whether its length is the group's is for the group to say. */
export function decodeKeyExchange(body: Uint8Array): Decoded<KeyExchangeBody> {
	const reader = new Reader(body);
	const group = reader.u16();
	reader.u16();
	if (reader.isShort || reader.remaining === 0) return malformed("KE has no public value");
	return done({ group, data: reader.take(reader.remaining) }, body.length);
}

/** Encodes the body. */
export function encodeKeyExchange({ group, data }: KeyExchangeBody): Uint8Array {
	return new Writer(data.length + 4).u16(group).u16(0).bytes(data).finish();
}
