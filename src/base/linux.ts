/** What is asked of Linux that Node cannot ask: the port, and the structures that go through it. `linux-shell.ts` asks. */

import type { Address } from "#base/address.ts";
import type { AddressPort } from "#base/socket-address.ts";

/** Who made the other end of a connection, as the kernel noted it when the connection was made. */
export interface PeerCredentials {
	/** 0 when the process is of a container whose processes are not seen from here. */
	readonly processId: number;
	readonly userId: number;
	readonly groupId: number;
}

/** A TCP socket that accepts. */
export interface ListeningSocket extends AddressPort {
	/** Connections to whatever address and port come to it (IP_TRANSPARENT); needs CAP_NET_ADMIN. */
	readonly isTransparent: boolean;
	/** Others may listen at the same address; the kernel spreads the clients (SO_REUSEPORT). */
	readonly isShared: boolean;
	/** Of connections that are not accepted yet. */
	readonly backlog: number;
}

/** A TCP socket that is to be connected by its owner. Everything here needs CAP_NET_ADMIN. */
export interface OutgoingSocket {
	readonly family: 4 | 6;
	/** The packet filter knows its packets by this (SO_MARK). */
	readonly mark?: number | undefined;
	/** Whose address it connects from, which need not be one of this host (IP_TRANSPARENT). */
	readonly source?: Address | undefined;
}

/** A socket for one protocol behind IP. */
export interface RawSocket {
	/** Number of the protocol: 50 for ESP. */
	readonly protocol: number;
	readonly local: Address;
}

/** A UDP socket for ESP, at a port that a socket of IKE has already with SO_REUSEPORT. */
export interface EspDatagramSocket extends AddressPort {
	/** Octets of the buffers in the kernel, both ways. */
	readonly bufferOctets: number;
}

/** Between whom echo requests go, and through which device. */
export interface EchoSocketPlace {
	readonly local: Address;
	readonly remote: Address;
	readonly device: string;
}

/** Why Linux refused a call: `bind failed: EADDRINUSE`. */
export class LinuxError extends Error {
	/** The name of the error: `EADDRINUSE`. */
	readonly code: string;

	constructor(call: string, code: string) {
		super(`${call} failed: ${code}`);
		this.name = "LinuxError";
		this.code = code;
	}
}

/**
 * A program of the classic packet filter that tells IKE and ESP at port 4500 apart: answers 0, the first socket of the port, for
 * datagrams that begin with four zeros or are shorter, 1 for ESP.
 *
 *     | operation (2) | jump if true (1) | jump if false (1) | operand (4) |   in the order of octets of the machine
 *
 * Source: Linux, Documentation/networking/filter.rst; RFC 3948 §2.
 */
export function espSteering(isLittleEndian: boolean): Uint8Array {
	const instructions = [
		[loadWord, 0, 0, 0],
		[jumpIfEqual, 0, 1, 0],
		[returnValue, 0, 0, 0],
		[returnValue, 0, 0, 1],
	] as const;
	const octets = new Uint8Array(instructions.length * instructionOctets);
	const view = new DataView(octets.buffer);
	for (const [index, [operation, ifTrue, ifFalse, operand]] of instructions.entries()) {
		view.setUint16(index * instructionOctets, operation, isLittleEndian);
		view.setUint8(index * instructionOctets + 2, ifTrue);
		view.setUint8(index * instructionOctets + 3, ifFalse);
		view.setUint32(index * instructionOctets + 4, operand, isLittleEndian);
	}
	return octets;
}

/** Each call throws a `LinuxError` that names the call and the reason when Linux refuses. */
export interface Linux {
	/** Of a connected Unix socket. */
	peerCredentials(descriptor: number): PeerCredentials;
	/**
	 * A descriptor of a device of packets (TUN), which does not wait. Before each packet stands a `struct virtio_net_hdr` of 10
	 * octets: those of TCP come large and are to be cut, and checksums may be left to be completed. Needs CAP_NET_ADMIN.
	 */
	openTun(name: string): number;
	/**
	 * The descriptor of a new raw socket, which does not wait; bound to an address of this host. What is sent by it may be
	 * fragmented, IPv6 has the hop limit 64. Needs CAP_NET_RAW.
	 */
	rawSocket(wanted: RawSocket): number;
	/**
	 * The descriptor of a new socket that gets the datagrams of ESP of its port, those without four zeros in front; the socket
	 * that was there before gets the others. Does not wait.
	 * What is sent by it may be fragmented, IPv6 has the hop limit 64.
	 */
	espDatagramSocket(wanted: EspDatagramSocket): number;
	/** A descriptor that `signal` makes readable, for a thread that waits for several (eventfd). */
	openSignal(): number;
	signal(descriptor: number): void;
	/**
	 * The descriptor of a new raw socket of ICMP or ICMPv6, which does not wait: what is sent by it goes from `local` to `remote`
	 * through a device, whatever the routes say, and answers to echo requests are received that come back there. Needs
	 * CAP_NET_RAW.
	 */
	echoSocket(wanted: EchoSocketPlace): number;
	/** Octets of the largest packet of IP that the path to an address takes, as far as the kernel knows; undefined without a route. */
	pathMtu(remote: Address): number | undefined;
	/** The descriptor of a new socket that listens: for `Server.listen({ fd })`, which owns it from then on. */
	listeningSocket(wanted: ListeningSocket): number;
	/** The descriptor of a new socket: for `new Socket({ fd })`, which owns it from then on, and its `connect`. */
	outgoingSocket(wanted: OutgoingSocket): number;
	/**
	 * Where an accepted connection was going before the packet filter translated its destination: where it arrived, when it
	 * did not. Undefined when the kernel follows no connections.
	 */
	originalDestination(descriptor: number, family: 4 | 6): AddressPort | undefined;
	/** A socket to the subsystem of netfilter in the kernel (netlink), which does not wait. Closed by `close`. */
	openNetfilter(): number;
	/** The same to another subsystem: routes and devices, or XFRM. `groups`: bits of those whose messages come by themselves. */
	openNetlink(subsystem: "route" | "xfrm", groups: number): number;
	/** Has the kernel take packets of ESP out of what comes to a socket of UDP (RFC 3948), or no longer. */
	takeEspInUdp(descriptor: number, isTaken: boolean): void;
	send(descriptor: number, octets: Uint8Array): void;
	/** Octets of the next message, put at the beginning of `into`; undefined when there is none, `lost` when some were dropped. */
	receive(descriptor: number, into: Uint8Array): number | "lost" | undefined;
	close(descriptor: number): void;
}

/**
 * Reads `struct ucred`; undefined when it is shorter.
 *
 *     | process id (4) | user id (4) | group id (4) |   in the order of octets of the machine
 *
 * Source: unix(7), SO_PEERCRED.
 */
export function readPeerCredentials(octets: Uint8Array, isLittleEndian: boolean): PeerCredentials | undefined {
	if (octets.length < credentialsOctets) return undefined;
	const view = new DataView(octets.buffer, octets.byteOffset, credentialsOctets);
	return {
		processId: view.getInt32(0, isLittleEndian),
		userId: view.getUint32(4, isLittleEndian),
		groupId: view.getUint32(8, isLittleEndian),
	};
}

/**
 * `struct ifreq` for a device of packets; undefined when no device can have that name.
 *
 *     | name (16), ending in 0 | flags (2) | 0 ... |
 *
 * Source: netdevice(7); Linux, Documentation/networking/tuntap.rst.
 */
export function tunRequest(name: string, isLittleEndian: boolean): Uint8Array | undefined {
	if (!/^[a-z][a-z0-9.-]{0,14}$/.test(name)) return undefined;
	const octets = new Uint8Array(interfaceRequestOctets);
	octets.set(Buffer.from(name, "latin1"));
	new DataView(octets.buffer).setUint16(16, tunWithSegments, isLittleEndian);
	return octets;
}

/**
 * What a raw socket of ICMP shall not get: all but answers to echo requests, as the kernel takes it.
 *
 * Source: raw(7), ICMP_FILTER; RFC 3542 §3.2, ICMP6_FILTER.
 */
export function echoReplyFilter(family: 4 | 6, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(family === 4 ? 4 : 32).fill(0xff);
	const type = family === 4 ? 0 : 129;
	const view = new DataView(octets.buffer);
	const at = (type >> 5) * 4;
	view.setUint32(at, view.getUint32(at, isLittleEndian) & ~(1 << (type & 31)), isLittleEndian);
	return octets;
}

/** IFF_TUN, IFF_NO_PI and IFF_VNET_HDR. */
const tunWithSegments = 0x5001;
const interfaceRequestOctets = 40;
/** BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K. */
const loadWord = 0x20;
const jumpIfEqual = 0x15;
const returnValue = 0x06;
export const instructionOctets = 8;
/** Octets of `struct ucred`. */
export const credentialsOctets = 12;
