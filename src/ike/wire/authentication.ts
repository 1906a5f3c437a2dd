/**
 * The AUTH payload.
 *
 *     | method (1) | 0 (3) | authentication data ... |
 *
 * Source: RFC 7296 §3.8; method 14: RFC 7427.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** Authentication methods (RFC 7296 §3.8, RFC 4754, RFC 7427). */
export const authenticationMethod = {
	rsaSignature: 1,
	sharedKey: 2,
	dssSignature: 3,
	ecdsa256: 9,
	ecdsa384: 10,
	ecdsa521: 11,
	digitalSignature: 14,
} as const;

export interface AuthenticationBody {
	readonly method: number;
	readonly data: Uint8Array;
}

/** Decodes the body. Faults: no data. */
export function decodeAuthentication(body: Uint8Array): Decoded<AuthenticationBody> {
	const reader = new Reader(body);
	const method = reader.u8();
	reader.u24();
	if (reader.isShort || reader.remaining === 0) return malformed("AUTH has no data");
	return done({ method, data: reader.take(reader.remaining) }, body.length);
}

/** Encodes the body. */
export function encodeAuthentication({ method, data }: AuthenticationBody): Uint8Array {
	return new Writer(data.length + 4).u8(method).u24(0).bytes(data).finish();
}
