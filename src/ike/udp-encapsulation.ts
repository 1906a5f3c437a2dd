/**
 * What shares UDP port 4500: ESP, IKE behind four zeros, and single octets that keep a translation alive (RFC 3948 §2).
 *
 *     ESP:       | SPI (4), never 0 | sequence number (4) | ...
 *     IKE:       | 0 (4) | header of IKE ...
 *     keepalive: | 0xff |
 */
import { concat } from "#base/bytes.ts";

export type Port4500Content =
	| { readonly kind: "esp"; readonly packet: Uint8Array }
	| { readonly kind: "ike"; readonly datagram: Uint8Array }
	| { readonly kind: "keepalive" }
	| { readonly kind: "noise" };

/** What a datagram of port 4500 is. Views, no copies. */
export function classifyPort4500(datagram: Uint8Array): Port4500Content {
	if (datagram.length === 1 && datagram[0] === 0xff) return { kind: "keepalive" };
	if (datagram.length < minEspOctets) return { kind: "noise" };
	const isMarked = datagram[0] === 0 && datagram[1] === 0 && datagram[2] === 0 && datagram[3] === 0;
	return isMarked ? { kind: "ike", datagram: datagram.subarray(4) } : { kind: "esp", packet: datagram };
}

/** A message of IKE for port 4500. */
export function markIke(datagram: Uint8Array): Uint8Array {
	return concat([marker, datagram]);
}

/** The packet that keeps a translation alive. */
export const keepalivePacket: Uint8Array = Uint8Array.of(0xff);

const marker = new Uint8Array(4);
/** SPI and sequence number. */
const minEspOctets = 8;
