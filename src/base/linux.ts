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

/** Octets of `struct ucred`. */
export const credentialsOctets = 12;
