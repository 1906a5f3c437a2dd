/** The TCP segment or UDP datagram in a captured packet: link header, IPv4 or IPv6, transport header. */
import type { Address } from "#base/address.ts";

export interface Segment {
	readonly transport: "tcp" | "udp";
	readonly source: Address;
	readonly sourcePort: number;
	readonly destination: Address;
	readonly destinationPort: number;
	/** Of TCP; 0 in UDP. */
	readonly sequence: number;
	readonly isSyn: boolean;
	readonly isAck: boolean;
	/** FIN or RST. */
	readonly isLast: boolean;
	readonly payload: Uint8Array;
}

/**
 * Decodes a packet; a string says what it is that is passed over (another protocol, a fragment) or what is wrong with it.
 *
 * Bounds: never reads past the packet, whatever its lengths say; at most `maxExtensions` headers of IPv6.
 */
export function decodeSegment(linkType: number, octets: Uint8Array): Segment | string {
	const start = networkStart(linkType, octets);
	if (typeof start === "string") return start;
	const version = (octets[start] ?? 0) >> 4;
	if (version === 4) return fromIpv4(octets, start);
	return version === 6 ? fromIpv6(octets, start) : "no IP packet";
}

/** Where the IP header begins. */
function networkStart(linkType: number, octets: Uint8Array): number | string {
	switch (linkType) {
		case 1: {
			let at = 12;
			// Tags of VLANs stand before the type.
			while (isTag(u16(octets, at)) && at < 24) at += 4;
			return isIp(u16(octets, at)) ? at + 2 : "no IP packet";
		}
		case 113:
			return isIp(u16(octets, 14)) ? 16 : "no IP packet";
		case 276:
			return isIp(u16(octets, 0)) ? 20 : "no IP packet";
		case 0:
		case 108:
			return 4;
		case 12:
		case 14:
		case 101:
		case 228:
		case 229:
			return 0;
	}
	return `link type ${linkType} is not known`;
}

function fromIpv4(octets: Uint8Array, start: number): Segment | string {
	const headerLength = ((octets[start] ?? 0) & 0x0f) * 4;
	const total = u16(octets, start + 2);
	if (headerLength < 20 || total < headerLength || start + headerLength > octets.length) return "a damaged IPv4 header";
	if ((u16(octets, start + 6) & 0x3fff) !== 0) return "a fragment";
	const source = { octets: octets.slice(start + 12, start + 16) };
	const destination = { octets: octets.slice(start + 16, start + 20) };
	const end = Math.min(octets.length, start + total);
	return transport(octets, start + headerLength, end, octets[start + 9] ?? 0, source, destination);
}

function fromIpv6(octets: Uint8Array, start: number): Segment | string {
	if (start + 40 > octets.length) return "a damaged IPv6 header";
	const end = Math.min(octets.length, start + 40 + u16(octets, start + 4));
	const source = { octets: octets.slice(start + 8, start + 24) };
	const destination = { octets: octets.slice(start + 24, start + 40) };
	let next = octets[start + 6] ?? 0;
	let at = start + 40;
	for (let count = 0; count < maxExtensions && skippedHeaders.has(next); count++) {
		if (at + 8 > end) return "a damaged IPv6 header";
		next = octets[at] ?? 0;
		at += 8 + (octets[at + 1] ?? 0) * 8;
	}
	return next === 44 ? "a fragment" : transport(octets, at, end, next, source, destination);
}

function transport(
	octets: Uint8Array,
	start: number,
	end: number,
	protocol: number,
	source: Address,
	destination: Address,
): Segment | string {
	if (protocol !== 6 && protocol !== 17) return "neither TCP nor UDP";
	const isTcp = protocol === 6;
	if (start + (isTcp ? 20 : 8) > end) return "a damaged transport header";
	const flags = isTcp ? (octets[start + 13] ?? 0) : 0;
	const headerLength = isTcp ? ((octets[start + 12] ?? 0) >> 4) * 4 : 8;
	if (headerLength < 8 || (isTcp && headerLength < 20) || start + headerLength > end)
		return "a damaged transport header";
	return {
		transport: isTcp ? "tcp" : "udp",
		source,
		sourcePort: u16(octets, start),
		destination,
		destinationPort: u16(octets, start + 2),
		sequence: isTcp ? u16(octets, start + 4) * 0x1_0000 + u16(octets, start + 6) : 0,
		isSyn: (flags & 0x02) !== 0,
		isAck: (flags & 0x10) !== 0,
		isLast: (flags & 0x05) !== 0,
		payload: octets.subarray(start + headerLength, end),
	};
}

function u16(octets: Uint8Array, at: number): number {
	return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

function isIp(type: number): boolean {
	return type === 0x0800 || type === 0x86dd;
}

function isTag(type: number): boolean {
	return type === 0x8100 || type === 0x88a8;
}

const maxExtensions = 8;
/** Hop-by-hop, routing and destination options. */
const skippedHeaders: ReadonlySet<number> = new Set([0, 43, 60]);
