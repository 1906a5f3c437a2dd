/** `struct sockaddr_in` and `sockaddr_in6`, as Linux takes and gives them. */
import type { Address } from "#base/address.ts";

/** An address and a port of TCP or UDP. */
export interface AddressPort {
	readonly address: Address;
	readonly port: number;
}

/**
 *     sockaddr_in    | family 2 (2, order of the machine) | port (2) | address (4) | zero (8) |
 *     sockaddr_in6   | family 10 (2, ditto) | port (2) | flow (4) | address (16) | scope (4) |
 *
 * Source: ip(7), ipv6(7).
 */
export function encodeSocketAddress({ address, port }: AddressPort, isLittleEndian: boolean): Uint8Array {
	const isIpv4 = address.octets.length === 4;
	const octets = new Uint8Array(isIpv4 ? 16 : 28);
	const view = new DataView(octets.buffer);
	view.setUint16(0, isIpv4 ? inet : inet6, isLittleEndian);
	view.setUint16(2, port);
	octets.set(address.octets, isIpv4 ? 4 : 8);
	return octets;
}

/** Reads either of them; undefined for another family or when it is shorter. */
export function decodeSocketAddress(octets: Uint8Array, isLittleEndian: boolean): AddressPort | undefined {
	if (octets.length < 16) return undefined;
	const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const family = view.getUint16(0, isLittleEndian);
	const port = view.getUint16(2);
	if (family === inet) return { address: { octets: octets.slice(4, 8) }, port };
	if (family !== inet6 || octets.length < 28) return undefined;
	return { address: { octets: octets.slice(8, 24) }, port };
}

const inet = 2;
const inet6 = 10;
