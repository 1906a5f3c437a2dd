/** The MSS of TCP connections that enter a tunnel, lowered so that packets of ESP fit the path (B55). */
import { u16, writeU16 } from "#esp/header-words.ts";
import type { InnerPacket } from "#esp/inner-packet.ts";

/**
 * Lowers the MSS option of a SYN to `limit` and mends the checksum, in place. True when it did. `packet`: read of `memory`.
 *
 * Packets without that option and later fragments are left as they are.
 */
export function clampMss(memory: Uint8Array, packet: InnerPacket, packetAt: number, limit: number): boolean {
	const at = packet.payloadAt;
	const packetEnd = packetAt + packet.octets;
	if (packet.protocol !== tcp || packet.isFragment || packetEnd < at + 20) return false;
	if (((memory[at + 13] as number) & synFlag) === 0) return false;
	const end = Math.min(packetEnd, at + ((memory[at + 12] as number) >> 4) * 4);
	for (let option = at + 20; option < end; ) {
		const kind = memory[option] as number;
		if (kind === endOfOptions) return false;
		const length = kind === noOperation ? 1 : option + 1 < end ? (memory[option + 1] as number) : 0;
		if (length === 0 || option + length > end) return false;
		if (kind === mssOption && length === 4) return lower(memory, at, option + 2, limit);
		option += length;
	}
	return false;
}

function lower(memory: Uint8Array, header: number, at: number, limit: number): boolean {
	const old = u16(memory, at);
	if (old <= limit) return false;
	writeU16(memory, at, limit);
	// RFC 1624: HC' = ~(~HC + ~m + m'). An option at an odd offset counts with its octets exchanged.
	const isOdd = ((at - header) & 1) === 1;
	const from = isOdd ? swapped(old) : old;
	const to = isOdd ? swapped(limit) : limit;
	let sum = (~u16(memory, header + 16) & 0xffff) + (~from & 0xffff) + to;
	sum = (sum & 0xffff) + (sum >>> 16);
	sum = (sum & 0xffff) + (sum >>> 16);
	writeU16(memory, header + 16, ~sum & 0xffff);
	return true;
}

function swapped(value: number): number {
	return ((value & 0xff) << 8) | (value >>> 8);
}

const tcp = 6;
const synFlag = 0x02;
const endOfOptions = 0;
const noOperation = 1;
const mssOption = 2;
