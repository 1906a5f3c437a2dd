/**
 * The EAP payload: one message of EAP.
 *
 *     | code (1) | identifier (1) | length (2) | type (1) | type data ... |      code 3 and 4: no type
 *
 * Source: RFC 7296 §3.16, RFC 3748 §4.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export interface EapBody {
	/** 1 request, 2 response, 3 success, 4 failure. */
	readonly code: number;
	readonly identifier: number;
	/** Type and its data; empty for success and failure. */
	readonly data: Uint8Array;
}

/** Decodes the body. Faults: an unknown code, a length other than the payload's, a request or response without type. */
export function decodeEap(body: Uint8Array): Decoded<EapBody> {
	const reader = new Reader(body);
	const code = reader.u8();
	const identifier = reader.u8();
	const length = reader.u16();
	if (reader.isShort || length !== body.length) return malformed(`EAP message of ${length} octets in ${body.length}`);
	if (code < 1 || code > 4) return malformed(`EAP code is ${code}; expected 1 to 4`);
	const data = reader.take(reader.remaining);
	if (code <= 2 && data.length === 0) return malformed("EAP message has no type");
	return done({ code, identifier, data }, body.length);
}

/** Encodes the body. */
export function encodeEap({ code, identifier, data }: EapBody): Uint8Array {
	return new Writer(data.length + 4)
		.u8(code)
		.u8(identifier)
		.u16(data.length + 4)
		.bytes(data)
		.finish();
}
