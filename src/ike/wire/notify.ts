/**
 * The Notify payload.
 *
 *     | protocol (1) | SPI octets (1) | type (2) | SPI | data ... |
 *
 * Source: RFC 7296 §3.10.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export interface NotifyBody {
	readonly protocol: number;
	readonly spi: Uint8Array;
	readonly notify: number;
	readonly data: Uint8Array;
}

/** Decodes the body. Faults: shorter than its SPI says. */
export function decodeNotify(body: Uint8Array): Decoded<NotifyBody> {
	const reader = new Reader(body);
	const protocol = reader.u8();
	const spiOctets = reader.u8();
	const notify = reader.u16();
	const spi = reader.take(spiOctets);
	if (reader.isShort) return malformed("notify ends within its SPI");
	return done({ protocol, spi, notify, data: reader.take(reader.remaining) }, body.length);
}

/** Encodes the body. */
export function encodeNotify({ protocol, spi, notify, data }: NotifyBody): Uint8Array {
	return new Writer(data.length + 16).u8(protocol).u8(spi.length).u16(notify).bytes(spi).bytes(data).finish();
}
