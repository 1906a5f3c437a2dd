/** One piece of memory that packets are read into, changed in and sent from, so that none of them is an object. */
export interface PacketMemory {
	readonly octets: Uint8Array;
	readonly view: DataView;
	/** Where its first octet is, for calls of the C library: it never moves. 0 where it is for none. */
	readonly address: number;
}

/** Memory that no call of the C library is given. */
export function plainMemory(size: number): PacketMemory {
	const buffer = new ArrayBuffer(size);
	return { octets: new Uint8Array(buffer), view: new DataView(buffer), address: 0 };
}
