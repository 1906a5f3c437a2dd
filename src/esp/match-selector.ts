/** Whether a packet is within what an association is for; asked for what goes out and for what came in (RFC 4301 §5). */
import type { InnerPacket } from "#esp/inner-packet.ts";

/** A range of addresses with a protocol and a range of ports; both ends of the ranges belong to them. */
export interface EspSelector {
	/** 0 for any. */
	readonly protocol: number;
	readonly firstPort: number;
	readonly lastPort: number;
	readonly first: Uint8Array;
	readonly last: Uint8Array;
}

/** The selectors of both sides of an association. */
export interface EspSelectors {
	readonly localSelectors: readonly EspSelector[];
	readonly remoteSelectors: readonly EspSelector[];
}

/** True when the packet may go out by the association: from the local side to the remote side (B4). */
export function mayGoOut({ localSelectors, remoteSelectors }: EspSelectors, packet: InnerPacket): boolean {
	return (
		isWithin(localSelectors, packet.source, packet.sourcePort, packet.protocol) &&
		isWithin(remoteSelectors, packet.destination, packet.destinationPort, packet.protocol)
	);
}

/** True when the packet may have come in by the association; otherwise the peer sends what was not agreed. */
export function mayComeIn({ localSelectors, remoteSelectors }: EspSelectors, packet: InnerPacket): boolean {
	return (
		isWithin(remoteSelectors, packet.source, packet.sourcePort, packet.protocol) &&
		isWithin(localSelectors, packet.destination, packet.destinationPort, packet.protocol)
	);
}

function isWithin(selectors: readonly EspSelector[], address: Uint8Array, port: number, protocol: number): boolean {
	for (const { first, last, firstPort, lastPort, protocol: wanted } of selectors) {
		if (first.length !== address.length) continue;
		if (wanted !== 0 && wanted !== protocol) continue;
		if (port < firstPort || port > lastPort) continue;
		if (compare(address, first) >= 0 && compare(address, last) <= 0) return true;
	}
	return false;
}

function compare(one: Uint8Array, other: Uint8Array): number {
	for (let index = 0; index < one.length; index++) {
		const difference = (one[index] as number) - (other[index] as number);
		if (difference !== 0) return difference;
	}
	return 0;
}
