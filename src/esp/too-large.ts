/** Packets that do not fit the path of a tunnel: cut into fragments, or their sender told how large they may be. */
import { internetChecksum, u16, writeU16 } from "#esp/header-words.ts";
import { hasDfBit } from "#esp/outer-header.ts";

/** The least that a link of IPv6 carries: no sender is asked for less (RFC 8200 §5). */
export const leastMtu6 = 1_280;

/**
 * The packet that tells the sender of `packet` that no more than `mtu` octets fit; undefined when nobody may be told.
 *
 *     IPv4: ICMP "fragmentation needed" with the MTU, around header and 8 octets of the packet
 *     IPv6: ICMPv6 "packet too big" with the MTU, around as much of it as 1,280 octets hold
 *
 * It comes from where the packet was going: the host that forwards it has no address of ours on that side.
 * Bounds: at most 1,280 octets. `packet` is a whole packet of IP.
 * Source: RFC 1191 §4, RFC 1122 §3.2.2, RFC 4443 §2.4 and §3.2, RFC 4301 §8.2.1.
 */
export function tooLargeAnswer(packet: Uint8Array, mtu: number): Uint8Array | undefined {
	if (!hasDfBit(packet, 0)) return undefined;
	return (packet[0] as number) >> 4 === 4 ? answer4(packet, mtu) : answer6(packet, mtu);
}

/**
 * A packet of IPv4 without the DF bit as fragments of at most `mtu` octets; undefined when it cannot be cut.
 *
 * Each has the whole header with its options, also those that RFC 791 wants in the first alone: harmless, and simpler.
 * Source: RFC 791 §3.2.
 */
export function fragments4(packet: Uint8Array, mtu: number): readonly Uint8Array[] | undefined {
	const header = ((packet[0] as number) & 0x0f) * 4;
	const step = (mtu - header) & ~7;
	if ((packet[0] as number) >> 4 !== 4 || hasDfBit(packet, 0) || step < 8) return undefined;
	const end = u16(packet, 2);
	const [flags, first] = [u16(packet, 6) & 0xe000, u16(packet, 6) & 0x1fff];
	const parts: Uint8Array[] = [];
	for (let at = header; at < end; at += step) {
		const isLast = at + step >= end;
		const part = new Uint8Array(header + (isLast ? end - at : step));
		part.set(packet.subarray(0, header));
		part.set(packet.subarray(at, at + part.length - header), header);
		writeU16(part, 2, part.length);
		writeU16(part, 6, (isLast ? flags : flags | moreFragments) | (first + (at - header) / 8));
		sealHeader(part, header);
		parts.push(part);
	}
	return parts;
}

function answer4(packet: Uint8Array, mtu: number): Uint8Array | undefined {
	const isLaterFragment = (u16(packet, 6) & 0x1fff) !== 0;
	const header = ((packet[0] as number) & 0x0f) * 4;
	const isIcmpError = packet[9] === icmp && errorTypes.has(packet[header] as number);
	if (isLaterFragment || isIcmpError || !isHost4(packet, 12) || !isHost4(packet, 16)) return undefined;
	const quoted = packet.subarray(0, header + 8);
	const answer = new Uint8Array(28 + quoted.length);
	answer.set([0x45, 0xc0, 0, answer.length, 0, 0, 0, 0, hopLimit, icmp]);
	answer.set(packet.subarray(16, 20), 12);
	answer.set(packet.subarray(12, 16), 16);
	sealHeader(answer, 20);
	answer.set([destinationUnreachable, fragmentationNeeded], 20);
	writeU16(answer, 26, mtu);
	answer.set(quoted, 28);
	writeU16(answer, 22, internetChecksum(answer.subarray(20)));
	return answer;
}

function answer6(packet: Uint8Array, mtu: number): Uint8Array | undefined {
	const isFromHost = packet[8] !== 0xff && packet.subarray(8, 24).some((octet) => octet !== 0);
	// Errors of ICMPv6 have 1,280 octets at most and are never too large here.
	if (mtu < leastMtu6 || !isFromHost || packet[24] === 0xff) return undefined;
	const quoted = packet.subarray(0, leastMtu6 - 48);
	const answer = new Uint8Array(48 + quoted.length);
	const octets = answer.length - 40;
	answer.set([0x60, 0, 0, 0, octets >> 8, octets & 0xff, icmp6, hopLimit]);
	answer.set(packet.subarray(24, 40), 8);
	answer.set(packet.subarray(8, 24), 24);
	answer[40] = packetTooBig;
	writeU16(answer, 46, mtu);
	answer.set(quoted, 48);
	const pseudo = sumOf(answer.subarray(8, 40)) + octets + icmp6;
	writeU16(answer, 42, internetChecksum(answer.subarray(40), pseudo));
	return answer;
}

function sealHeader(packet: Uint8Array, header: number): void {
	writeU16(packet, 10, 0);
	writeU16(packet, 10, internetChecksum(packet.subarray(0, header)));
}

function sumOf(octets: Uint8Array): number {
	return ~internetChecksum(octets) & 0xffff;
}

/** One host: not nobody, not this host, no group. */
function isHost4(packet: Uint8Array, at: number): boolean {
	const first = packet[at] as number;
	return first !== 0 && first !== 127 && first < 224;
}

const icmp = 1;
const icmp6 = 58;
const hopLimit = 64;
const destinationUnreachable = 3;
const fragmentationNeeded = 4;
const packetTooBig = 2;
const moreFragments = 0x2000;
/** Unreachable, source quench, redirect, time exceeded, parameter problem: what nobody answers with an error. */
const errorTypes: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
