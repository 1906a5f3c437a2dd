/** Where packets of ESP go out: the socket, and the address of the peer as the kernel reads it. */
import type { AddressPort } from "#base/socket-address.ts";

/** A socket that packets of ESP go by. */
export interface EspSocket {
	readonly descriptor: number;
	readonly isIpv6: boolean;
	/** Of UDP; otherwise of protocol 50. */
	readonly isEncapsulated: boolean;
	/** As its option stands: what is sent by it may be fragmented. */
	isFragmentable: boolean;
}

export interface PacketPath {
	/** Undefined while nothing is open at its local address: its packets are lost. */
	readonly socket: EspSocket | undefined;
	readonly remote: AddressPort;
	/** Place and octets of the address in the memory of packets. */
	readonly nameAt: number;
	readonly nameOctets: number;
	/** Several packets of one size may go to the kernel as one (UDP_SEGMENT); not while that failed. */
	mayJoin: boolean;
}

/** Octets around a packet of ESP: the headers of IP and UDP. */
export function outerOctets({ socket, remote }: PacketPath): number {
	const ip = remote.address.octets.length === 4 ? 20 : 40;
	return socket?.isEncapsulated === false ? ip : ip + udpHeaderOctets;
}

const udpHeaderOctets = 8;
