/** What is asked of Linux that Node cannot ask: the port, and the structures that go through it. `linux-shell.ts` asks. */

/** Who made the other end of a connection, as the kernel noted it when the connection was made. */
export interface PeerCredentials {
	/** 0 when the process is of a container whose processes are not seen from here. */
	readonly processId: number;
	readonly userId: number;
	readonly groupId: number;
}

/** Each call throws an `Error` that names the call and the reason when Linux refuses. */
export interface Linux {
	/** Of a connected Unix socket. */
	peerCredentials(descriptor: number): PeerCredentials;
	/** A descriptor of a device of packets (TUN, without a header before each), which does not wait. Needs CAP_NET_ADMIN. */
	openTun(name: string): number;
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
	new DataView(octets.buffer).setUint16(16, tunWithoutHeader, isLittleEndian);
	return octets;
}

/** IFF_TUN and IFF_NO_PI. */
const tunWithoutHeader = 0x1001;
const interfaceRequestOctets = 40;
/** Octets of `struct ucred`. */
export const credentialsOctets = 12;
