/**
 * The messages of EAP-TLS, behind the octet that names the method (13).
 *
 *     | L M S 00000 (1) | octets of the whole (4), with L | part of the records of TLS ... |
 *
 * M: more parts follow; S: the first message. An empty one acknowledges a part.
 * Source: RFC 5216 §3.1.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export interface EapTlsPacket {
	readonly isStart: boolean;
	readonly hasMore: boolean;
	/** Octets of all parts together, as the sender says. */
	readonly total?: number;
	readonly part: Uint8Array;
}

/** Decodes a message without the octet of the method. Faults: no flags, a total that is cut or less than the part. */
export function decodeEapTlsPacket(data: Uint8Array): Decoded<EapTlsPacket> {
	const reader = new Reader(data);
	const flags = reader.u8();
	const total = (flags & lengthFlag) === 0 ? undefined : reader.u32();
	if (reader.isShort) return malformed("EAP-TLS message ends within its flags or total");
	const part = reader.take(reader.remaining);
	if (total !== undefined && total < part.length) return malformed(`EAP-TLS part of ${part.length} octets of ${total}`);
	const packet = { isStart: (flags & startFlag) !== 0, hasMore: (flags & moreFlag) !== 0, part };
	return done(total === undefined ? packet : { ...packet, total }, data.length);
}

/** Encodes a message. */
export function encodeEapTlsPacket({ isStart, hasMore, total, part }: EapTlsPacket): Uint8Array {
	const flags = (total === undefined ? 0 : lengthFlag) | (hasMore ? moreFlag : 0) | (isStart ? startFlag : 0);
	const writer = new Writer(part.length + 5).u8(flags);
	if (total !== undefined) writer.u32(total);
	return writer.bytes(part).finish();
}

/** The parts of some records: none longer than `maxOctets`, the first with the total when there are several. */
export function cutRecords(records: Uint8Array, maxOctets: number): readonly EapTlsPacket[] {
	const count = Math.max(1, Math.ceil(records.length / maxOctets));
	return Array.from({ length: count }, (_, index) => ({
		isStart: false,
		hasMore: index < count - 1,
		...(index === 0 && count > 1 && { total: records.length }),
		part: records.subarray(index * maxOctets, (index + 1) * maxOctets),
	}));
}

const lengthFlag = 0x80;
const moreFlag = 0x40;
const startFlag = 0x20;
