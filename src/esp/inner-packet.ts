/** What of a packet inside a tunnel decides which tunnel it belongs to: addresses, protocol, ports (RFC 4301 §4.4.1.1). */
import { type Decoded, done, malformed } from "#base/bytes.ts";
import { u16 } from "#esp/header-words.ts";

export interface InnerPacket {
	readonly version: 4 | 6;
	/** 4 or 16 octets; views. */
	readonly source: Uint8Array;
	readonly destination: Uint8Array;
	/** The protocol behind the headers of IP. */
	readonly protocol: number;
	/** 0 where there are none, or where a later fragment does not show them. */
	readonly sourcePort: number;
	readonly destinationPort: number;
	/** Octets of the packet by its own header: what follows was padded to hide the length. */
	readonly octets: number;
}

/**
 * Reads the headers of a whole packet.
 *
 * Bounds: at most 16 extension headers.
 * Faults: another version, a length that does not fit.
 */
export function decodeInnerPacket(packet: Uint8Array): Decoded<InnerPacket> {
	const version = (packet[0] ?? 0) >> 4;
	if (version === 4) return decodeVersion4(packet);
	if (version === 6) return decodeVersion6(packet);
	return malformed(`packet is of IP version ${version}; expected 4 or 6`);
}

function decodeVersion4(packet: Uint8Array): Decoded<InnerPacket> {
	const headerOctets = ((packet[0] ?? 0) & 0x0f) * 4;
	const octets = u16(packet, 2);
	if (headerOctets < 20 || octets < headerOctets || octets > packet.length)
		return malformed(`IPv4 packet of ${octets} octets with a header of ${headerOctets} in ${packet.length}`);
	const isLaterFragment = (u16(packet, 6) & 0x1fff) !== 0;
	const protocol = packet[9] as number;
	const addresses = { source: packet.subarray(12, 16), destination: packet.subarray(16, 20) };
	const ports = isLaterFragment ? noPorts : portsAt(packet, headerOctets, octets, protocol);
	return done({ version: 4, ...addresses, protocol, ...ports, octets }, octets);
}

function decodeVersion6(packet: Uint8Array): Decoded<InnerPacket> {
	const octets = u16(packet, 4) + 40;
	if (packet.length < 40 || octets > packet.length)
		return malformed(`IPv6 packet of ${octets} octets in ${packet.length}`);
	let protocol = packet[6] as number;
	let at = 40;
	let isLaterFragment = false;
	for (let count = 0; extensionHeaders.has(protocol); count++) {
		if (count === maxExtensionHeaders || at + 8 > octets)
			return malformed("IPv6 packet ends within its extension headers");
		const next = packet[at] as number;
		if (protocol === fragmentHeader) isLaterFragment = (u16(packet, at + 2) & 0xfff8) !== 0;
		const length = protocol === fragmentHeader ? 8 : ((packet[at + 1] as number) + 1) * 8;
		protocol = next;
		at += length;
		if (isLaterFragment) break;
	}
	const addresses = { source: packet.subarray(8, 24), destination: packet.subarray(24, 40) };
	const ports = isLaterFragment ? noPorts : portsAt(packet, at, octets, protocol);
	return done({ version: 6, ...addresses, protocol, ...ports, octets }, octets);
}

function portsAt(packet: Uint8Array, at: number, end: number, protocol: number) {
	if (!hasPorts.has(protocol) || at + 4 > end) return noPorts;
	return { sourcePort: u16(packet, at), destinationPort: u16(packet, at + 2) };
}

const noPorts = { sourcePort: 0, destinationPort: 0 };
/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
const hasPorts: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
const fragmentHeader = 44;
/** Hop-by-hop, routing, fragment, destination options. */
const extensionHeaders: ReadonlySet<number> = new Set([0, 43, fragmentHeader, 60]);
const maxExtensionHeaders = 16;
