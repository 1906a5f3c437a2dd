/**
 * The TSi and TSr payloads: which traffic an association is for.
 *
 *     payload:  | count (1) | 0 (3) | selectors ... |
 *     selector: | type (1) | protocol (1) | length (2) | first port (2) | last port (2) | first address | last address |
 *
 * Source: RFC 7296 §3.13.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** A range of addresses of one family with a protocol and a range of ports. */
export interface TrafficSelector {
	/** 0 for any protocol. */
	readonly protocol: number;
	readonly firstPort: number;
	/** 65,535 with `firstPort` 0 is any port; 0 with `firstPort` 65,535 is "opaque": no port can be seen. */
	readonly lastPort: number;
	/** 4 or 16 octets. */
	readonly first: Uint8Array;
	readonly last: Uint8Array;
}

/** Decodes the body. Selectors of a type that is not known are left out. Bounds: at most 255 selectors. */
export function decodeTrafficSelectors(body: Uint8Array): Decoded<readonly TrafficSelector[]> {
	const reader = new Reader(body);
	const count = reader.u8();
	reader.u24();
	if (reader.isShort || count === 0) return malformed("traffic selectors are empty");
	const selectors: TrafficSelector[] = [];
	for (let index = 0; index < count; index++) {
		const type = reader.u8();
		const protocol = reader.u8();
		const length = reader.u16();
		const inner = reader.sub(length - 4);
		if (length < 8 || reader.isShort) return malformed(`traffic selectors end within selector ${index + 1}`);
		const octets = addressOctets.get(type);
		if (octets === undefined) continue;
		if (length !== 8 + 2 * octets) return malformed(`traffic selector of type ${type} has ${length} octets`);
		const [firstPort, lastPort] = [inner.u16(), inner.u16()];
		selectors.push({ protocol, firstPort, lastPort, first: inner.take(octets), last: inner.take(octets) });
	}
	if (reader.remaining > 0) return malformed("octets behind the last traffic selector");
	return done(selectors, body.length);
}

/** Encodes the body. */
export function encodeTrafficSelectors(selectors: readonly TrafficSelector[]): Uint8Array {
	const writer = new Writer().u8(selectors.length).u24(0);
	for (const { protocol, firstPort, lastPort, first, last } of selectors) {
		writer.u8(first.length === 4 ? ipv4Range : ipv6Range).u8(protocol);
		writer
			.u16(8 + first.length + last.length)
			.u16(firstPort)
			.u16(lastPort);
		writer.bytes(first).bytes(last);
	}
	return writer.finish();
}

const ipv4Range = 7;
const ipv6Range = 8;
const addressOctets: ReadonlyMap<number, number> = new Map([
	[ipv4Range, 4],
	[ipv6Range, 16],
]);
