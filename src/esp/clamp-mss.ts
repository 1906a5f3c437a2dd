/** The MSS of TCP connections that enter a tunnel, lowered so that packets of ESP fit the path (B55). */
import { u16, writeU16 } from "#esp/header-words.ts";

/**
 * Lowers the MSS option of a SYN to `limit` and mends the checksum, in place. True when it did.
 *
 * Packets without that option, later fragments and extension headers of IPv6 are left as they are.
 */
export function clampMss(packet: Uint8Array, limit: number): boolean {
	const at = tcpHeaderAt(packet);
	if (at === undefined || packet.length < at + 20 || ((packet[at + 13] as number) & synFlag) === 0) return false;
	const end = Math.min(packet.length, at + ((packet[at + 12] as number) >> 4) * 4);
	for (let option = at + 20; option < end; ) {
		const kind = packet[option] as number;
		if (kind === endOfOptions) return false;
		const length = kind === noOperation ? 1 : (packet[option + 1] ?? 0);
		if (length === 0 || option + length > end) return false;
		if (kind === mssOption && length === 4) return lower(packet, at, option + 2, limit);
		option += length;
	}
	return false;
}

function lower(packet: Uint8Array, header: number, at: number, limit: number): boolean {
	const old = u16(packet, at);
	if (old <= limit) return false;
	writeU16(packet, at, limit);
	// RFC 1624: HC' = ~(~HC + ~m + m'). An option at an odd offset counts with its octets exchanged.
	const isOdd = ((at - header) & 1) === 1;
	const [from, to] = isOdd ? [swapped(old), swapped(limit)] : [old, limit];
	let sum = (~u16(packet, header + 16) & 0xffff) + (~from & 0xffff) + to;
	sum = (sum & 0xffff) + (sum >>> 16);
	sum = (sum & 0xffff) + (sum >>> 16);
	writeU16(packet, header + 16, ~sum & 0xffff);
	return true;
}

function tcpHeaderAt(packet: Uint8Array): number | undefined {
	const version = (packet[0] ?? 0) >> 4;
	if (version === 6) return packet[6] === tcp ? 40 : undefined;
	if (version !== 4 || packet[9] !== tcp || (u16(packet, 6) & 0x1fff) !== 0) return undefined;
	return ((packet[0] as number) & 0x0f) * 4;
}

function swapped(value: number): number {
	return ((value & 0xff) << 8) | (value >>> 8);
}

const tcp = 6;
const synFlag = 0x02;
const endOfOptions = 0;
const noOperation = 1;
const mssOption = 2;
