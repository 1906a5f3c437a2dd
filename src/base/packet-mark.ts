/**
 * How the packet filter of Linux and the gateway's sockets know each other's packets. A mark is a number on a packet inside
 * this host; it never leaves it.
 */

/** On packets that are for a socket of the gateway although their destination is elsewhere. */
export const divertMark = 0x5a11_0001;

/**
 * On packets of connections that the gateway itself makes for its clients: those are never taken again. Another number at
 * each start, `chance` of 16 bits, for the kernel remembers connections of a gateway that crashed.
 */
export function ownMarkOf(chance: number): number {
	return 0x5a12_0000 + (chance & 0xffff);
}

/** On packets while the kernel looks for the policy of the tunnel interface with that number (0 to 65,535). */
export function tunnelMarkOf(number: number): number {
	return 0x5a13_0000 + number;
}

export function isTunnelMark(mark: number): boolean {
	return mark >>> 16 === 0x5a13;
}
