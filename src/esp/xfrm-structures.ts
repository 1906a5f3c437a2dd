/** Structures that messages of XFRM share: addresses, selectors, marks. Source: linux/xfrm.h. */
import type { SelectorSide } from "#esp/selector-prefixes.ts";

/** Which packets: from one side to the other, of one family. */
export interface XfrmSelector {
	readonly source: SelectorSide;
	readonly destination: SelectorSide;
}

/** A number on packets within this host, and the bits of it that count. */
export interface XfrmMark {
	readonly value: number;
	readonly mask: number;
}

/**
 *     destination (16) | source (16) | port, mask of the destination (2, 2) | of the source (2, 2)
 *     | family (2) | bits of the destination's prefix (1) | of the source's (1) | protocol (1) | 0 (3) | interface (4) | user (4)
 *
 * Numbers of ports are in the order of the network.
 */
export function encodeSelector({ source, destination }: XfrmSelector, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(selectorOctets);
	const view = new DataView(octets.buffer);
	octets.set(destination.address.octets, 0);
	octets.set(source.address.octets, 16);
	for (const [at, { port, portMask }] of [
		[32, destination],
		[36, source],
	] as const) {
		view.setUint16(at, port);
		view.setUint16(at + 2, portMask);
	}
	view.setUint16(40, familyOf(source.address.octets), isLittleEndian);
	octets[42] = destination.address.length;
	octets[43] = source.address.length;
	octets[44] = source.protocol;
	return octets;
}

/** The other way; undefined for another family than IPv4 and IPv6. Views. */
export function readSelector(octets: Uint8Array, isLittleEndian: boolean): XfrmSelector | undefined {
	const view = new DataView(octets.buffer, octets.byteOffset, selectorOctets);
	const length = addressOctets(view.getUint16(40, isLittleEndian));
	if (length === undefined) return undefined;
	const side = (at: number, bits: number, portAt: number): SelectorSide => ({
		address: { octets: octets.subarray(at, at + length), length: octets[bits] as number },
		protocol: octets[44] as number,
		port: view.getUint16(portAt),
		portMask: view.getUint16(portAt + 2),
	});
	return { destination: side(0, 42, 32), source: side(16, 43, 36) };
}

/** Value and mask. */
export function encodeMark({ value, mask }: XfrmMark, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(8);
	const view = new DataView(octets.buffer);
	view.setUint32(0, value, isLittleEndian);
	view.setUint32(4, mask, isLittleEndian);
	return octets;
}

/** The value of a mark; 0 when there is none. */
export function readMark(octets: Uint8Array | undefined, isLittleEndian: boolean): number {
	if (octets === undefined || octets.length < 8) return 0;
	return new DataView(octets.buffer, octets.byteOffset, 8).getUint32(0, isLittleEndian);
}

/** AF_INET and AF_INET6. */
export function familyOf(address: Uint8Array): number {
	return address.length === 4 ? inet : inet6;
}

/** Octets of an address of a family; undefined for another one. */
export function addressOctets(family: number): 4 | 16 | undefined {
	if (family === inet) return 4;
	return family === inet6 ? 16 : undefined;
}

/** Where structures end. */
export const selectorOctets = 56;
/** `struct xfrm_lifetime_cfg` and `xfrm_lifetime_cur`. */
export const limitsOctets = 64;
export const usageOctets = 32;
/** Protocol number of ESP, and the mode of tunnels. */
export const espProtocol = 50;
export const tunnelMode = 1;

/** Types of messages. */
export const xfrmType = {
	newState: 0x10,
	deleteState: 0x11,
	getState: 0x12,
	newPolicy: 0x13,
	deletePolicy: 0x14,
	getPolicy: 0x15,
	allocateSpi: 0x16,
	acquire: 0x17,
	expire: 0x18,
	updatePolicy: 0x19,
	mapping: 0x26,
} as const;

/** Types of attributes. */
export const xfrmAttribute = {
	encapsulation: 4,
	templates: 5,
	mark: 21,
	replay: 23,
	interfaceId: 31,
} as const;

/** Groups of messages that come by themselves, as bits. */
export const xfrmGroup = { acquire: 1 << 0, expire: 1 << 1, mapping: 1 << 6 } as const;

const inet = 2;
const inet6 = 10;
