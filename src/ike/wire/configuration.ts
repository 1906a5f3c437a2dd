/**
 * The CP payload: addresses and servers asked for or given.
 *
 *     | type (1) | 0 (3) | attributes: | 0 + type (15 bits) | length (2) | value | ... |
 *
 * Source: RFC 7296 §3.15.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** What a CP payload is: a request, its answer, a setting, its answer. */
export const configurationType = { request: 1, reply: 2, set: 3, ack: 4 } as const;

export interface ConfigurationAttribute {
	readonly type: number;
	readonly value: Uint8Array;
}

export interface ConfigurationBody {
	readonly configuration: number;
	readonly attributes: readonly ConfigurationAttribute[];
}

/** Decodes the body. Bounds: at most 256 attributes. */
export function decodeConfiguration(body: Uint8Array): Decoded<ConfigurationBody> {
	const reader = new Reader(body);
	const configuration = reader.u8();
	reader.u24();
	const attributes: ConfigurationAttribute[] = [];
	while (reader.remaining > 0) {
		if (attributes.length === maxAttributes) return malformed(`CP has more than ${maxAttributes} attributes`);
		const type = reader.u16() & 0x7fff;
		attributes.push({ type, value: reader.take(reader.u16()) });
	}
	if (reader.isShort) return malformed("CP ends within an attribute");
	return done({ configuration, attributes }, body.length);
}

/** Encodes the body. */
export function encodeConfiguration({ configuration, attributes }: ConfigurationBody): Uint8Array {
	const writer = new Writer().u8(configuration).u24(0);
	for (const { type, value } of attributes) writer.u16(type).u16(value.length).bytes(value);
	return writer.finish();
}

const maxAttributes = 256;
