/**
 * What the header of IP around a tunnel takes from the packet within, and what the packet takes from it at the other end.
 *
 * Source: RFC 4301 §5.1.2, RFC 6040 §4, B42.
 */
import type { PacketHeader } from "#base/linux.ts";
import { rewriteWord, u16 } from "#esp/header-words.ts";

/** `security ipsec vpn NAME df-bit`. */
export type DfBit = "clear" | "set" | "copy";

/**
 * The outer header of a packet: DS field and ECN are copied, the flow label too. A packet of IPv6 counts as one with the DF
 * bit, as no router may fragment it.
 *
 * Bounds: `inner` is a whole header of IPv4 or IPv6.
 */
export function outerHeader(inner: Uint8Array, dfBit: DfBit): PacketHeader {
	const isVersion4 = (inner[0] as number) >> 4 === 4;
	return {
		trafficClass: trafficClassOf(inner),
		flowLabel: isVersion4 ? 0 : (((inner[1] as number) & 0x0f) << 16) | u16(inner, 2),
		mayFragment: dfBit === "clear" || (dfBit === "copy" && !hasDfBit(inner)),
	};
}

/** True when routers may not fragment the packet. */
export function hasDfBit(packet: Uint8Array): boolean {
	return (packet[0] as number) >> 4 === 6 || ((packet[6] as number) & dfBitMask) !== 0;
}

/**
 * Takes the congestion that routers marked on the outer header over into the packet within, in place.
 *
 *     within \ outer | Not-ECT   ECT(0)    ECT(1)    CE
 *     Not-ECT        | Not-ECT   Not-ECT   Not-ECT   dropped
 *     ECT(0)         | ECT(0)    ECT(0)    ECT(1)    CE
 *     ECT(1)         | ECT(1)    ECT(1)    ECT(1)    CE
 *     CE             | CE        CE        CE        CE
 *
 * Answers false when the packet is to be dropped: its sender knows no other sign of congestion.
 * Source: RFC 6040 §4.2.
 */
export function takeCongestion(inner: Uint8Array, outerTrafficClass: number): boolean {
	const trafficClass = trafficClassOf(inner);
	const [own, outer] = [trafficClass & ecnMask, outerTrafficClass & ecnMask];
	if (own === notCapable) return outer !== experienced;
	const isMarked = outer === experienced || (outer === capable1 && own === capable0);
	if (isMarked && own !== experienced) setTrafficClass(inner, (trafficClass & ~ecnMask) | outer);
	return true;
}

/** DS field (6 bits) and ECN (2 bits). */
export function trafficClassOf(packet: Uint8Array): number {
	if ((packet[0] as number) >> 4 === 4) return packet[1] as number;
	return (u16(packet, 0) >>> 4) & 0xff;
}

function setTrafficClass(packet: Uint8Array, value: number): void {
	if ((packet[0] as number) >> 4 === 4) return rewriteWord(packet, 0, ((packet[0] as number) << 8) | value, 10);
	const word = (u16(packet, 0) & 0xf00f) | (value << 4);
	packet[0] = word >>> 8;
	packet[1] = word & 0xff;
}

const dfBitMask = 0x40;
const ecnMask = 0x03;
const notCapable = 0;
const capable1 = 1;
const capable0 = 2;
const experienced = 3;
