/**
 * What the header of IP around a tunnel takes from the packet within, and what the packet takes from it at the other end.
 *
 * Source: RFC 4301 §5.1.2, RFC 6040 §4, B42.
 */
import { rewriteWord, u16 } from "#esp/header-words.ts";

/** `security ipsec vpn NAME df-bit`. */
export type DfBit = "clear" | "set" | "copy";

/** The flow label of IPv6, which is copied; 0 for IPv4. `at`: where a whole header begins. */
export function flowLabelOf(memory: Uint8Array, at: number): number {
	if ((memory[at] as number) >> 4 === 4) return 0;
	return (((memory[at + 1] as number) & 0x0f) << 16) | u16(memory, at + 2);
}

/** True when the outer packet may be fragmented. A packet of IPv6 counts as one with the DF bit, as no router may fragment it. */
export function mayFragment(memory: Uint8Array, at: number, dfBit: DfBit): boolean {
	return dfBit === "clear" || (dfBit === "copy" && !hasDfBit(memory, at));
}

/** True when routers may not fragment the packet. */
export function hasDfBit(memory: Uint8Array, at: number): boolean {
	return (memory[at] as number) >> 4 === 6 || ((memory[at + 6] as number) & dfBitMask) !== 0;
}

/**
 * Takes the congestion that routers marked on the outer header over into the packet within, in place; `at`: where that begins.
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
export function takeCongestion(memory: Uint8Array, at: number, outerTrafficClass: number): boolean {
	const trafficClass = trafficClassOf(memory, at);
	const own = trafficClass & ecnMask;
	const outer = outerTrafficClass & ecnMask;
	if (own === notCapable) return outer !== experienced;
	const isMarked = outer === experienced || (outer === capable1 && own === capable0);
	if (isMarked && own !== experienced) setTrafficClass(memory, at, (trafficClass & ~ecnMask) | outer);
	return true;
}

/** DS field (6 bits) and ECN (2 bits). */
export function trafficClassOf(memory: Uint8Array, at: number): number {
	if ((memory[at] as number) >> 4 === 4) return memory[at + 1] as number;
	return (u16(memory, at) >>> 4) & 0xff;
}

function setTrafficClass(memory: Uint8Array, at: number, value: number): void {
	if ((memory[at] as number) >> 4 === 4) return rewriteWord(memory, at, ((memory[at] as number) << 8) | value, at + 10);
	const word = (u16(memory, at) & 0xf00f) | (value << 4);
	memory[at] = word >>> 8;
	memory[at + 1] = word & 0xff;
}

const dfBitMask = 0x40;
const ecnMask = 0x03;
const notCapable = 0;
const capable1 = 1;
const capable0 = 2;
const experienced = 3;
