/**
 * The Delete payload: associations that the sender has closed, named by the SPIs at which it received.
 *
 *     | protocol (1) | octets of an SPI (1) | count (2) | SPIs ... |
 *
 * Source: RFC 7296 §3.11.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export interface DeleteBody {
	readonly protocol: number;
	/** Empty for IKE: the association that carries the message. */
	readonly spis: readonly Uint8Array[];
}

/** Decodes the body. Bounds: at most 1,024 SPIs. Faults: SPIs of other than 4 octets, a count that is not true. */
export function decodeDelete(body: Uint8Array): Decoded<DeleteBody> {
	const reader = new Reader(body);
	const protocol = reader.u8();
	const spiOctets = reader.u8();
	const count = reader.u16();
	if (reader.isShort || reader.remaining !== spiOctets * count)
		return malformed(
			`delete of ${count} SPIs of ${spiOctets} octets has ${Math.max(0, body.length - 4)} octets of them`,
		);
	if (spiOctets === 0)
		return count === 0 ? done({ protocol, spis: [] }, body.length) : malformed("delete of empty SPIs");
	if (spiOctets !== espSpiOctets) return malformed(`delete has SPIs of ${spiOctets} octets; expected ${espSpiOctets}`);
	if (count > maxSpis) return malformed(`delete has ${count} SPIs; at most ${maxSpis} are read`);
	return done({ protocol, spis: Array.from({ length: count }, () => reader.take(spiOctets)) }, body.length);
}

/** Encodes the body. */
export function encodeDelete({ protocol, spis }: DeleteBody): Uint8Array {
	const writer = new Writer().u8(protocol).u8(spis.length === 0 ? 0 : espSpiOctets);
	writer.u16(spis.length);
	for (const spi of spis) writer.bytes(spi);
	return writer.finish();
}

const espSpiOctets = 4;
const maxSpis = 1_024;
