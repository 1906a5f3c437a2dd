/**
 * The TLVs of a PROXY header of version 2: type (1) | length (2) | value.
 *
 * Source: "The PROXY protocol, versions 1 & 2" of HAProxy (doc/proxy-protocol.txt), §2.2.
 */
import type { Reader, Writer } from "#base/bytes.ts";

/** One addition of version 2; `value` is a view of the header. */
export interface ProxyTlv {
	readonly type: number;
	readonly value: Uint8Array;
}

/** The types of TLVs (§2.2). */
export const proxyTlvType = {
	alpn: 0x01,
	authority: 0x02,
	crc32c: 0x03,
	noop: 0x04,
	uniqueId: 0x05,
	ssl: 0x20,
	netns: 0x30,
} as const;

/**
 * Reads TLVs to the end of the reader, or answers why they are malformed. `isTop`: those of the header itself, of which the known ones
 * may not come twice.
 */
export function readProxyTlvs(reader: Reader, isTop: boolean): ProxyTlv[] | string {
	const tlvs: ProxyTlv[] = [];
	const seen = new Set<number>();
	while (reader.remaining > 0) {
		const type = reader.u8();
		const value = reader.take(reader.u16());
		if (reader.isShort) return `TLV 0x${type.toString(16).padStart(2, "0")} reaches past the end of the PROXY header`;
		if (isTop && onlyOnce.has(type) && seen.has(type))
			return `TLV 0x${type.toString(16).padStart(2, "0")} comes twice in the PROXY header`;
		seen.add(type);
		if (isTop && type === proxyTlvType.uniqueId && value.length > maxUniqueIdOctets)
			return `the unique identifier of the PROXY header has ${value.length} octets; at most ${maxUniqueIdOctets} are allowed`;
		tlvs.push({ type, value });
	}
	return tlvs;
}

/** Writes one TLV. Throws a RangeError for a value of more than 65,535 octets. */
export function writeProxyTlv(writer: Writer, type: number, value: Uint8Array): void {
	writer.u8(type).prefixed(2, (body) => body.bytes(value));
}

const onlyOnce: ReadonlySet<number> = new Set([
	proxyTlvType.alpn,
	proxyTlvType.authority,
	proxyTlvType.crc32c,
	proxyTlvType.uniqueId,
	proxyTlvType.ssl,
	proxyTlvType.netns,
]);
const maxUniqueIdOctets = 128;
