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

/** True when the packet in `memory` may go out by the association: from the local side to the remote side (B4). */
export function mayGoOut(selectors: EspSelectors, memory: Uint8Array, packet: InnerPacket): boolean {
	return isWithin(selectors.localSelectors, selectors.remoteSelectors, memory, packet);
}

/** True when the packet may have come in by the association; otherwise the peer sends what was not agreed. */
export function mayComeIn(selectors: EspSelectors, memory: Uint8Array, packet: InnerPacket): boolean {
	return isWithin(selectors.remoteSelectors, selectors.localSelectors, memory, packet);
}

function isWithin(
	sources: readonly EspSelector[],
	destinations: readonly EspSelector[],
	memory: Uint8Array,
	{ sourceAt, sourcePort, destinationAt, destinationPort, addressOctets, protocol }: InnerPacket,
): boolean {
	return (
		isOneOf(sources, memory, sourceAt, addressOctets, sourcePort, protocol) &&
		isOneOf(destinations, memory, destinationAt, addressOctets, destinationPort, protocol)
	);
}

function isOneOf(
	selectors: readonly EspSelector[],
	memory: Uint8Array,
	at: number,
	octets: number,
	port: number,
	protocol: number,
): boolean {
	for (let index = 0; index < selectors.length; index++) {
		const one = selectors[index] as EspSelector;
		if (one.first.length !== octets) continue;
		if (one.protocol !== 0 && one.protocol !== protocol) continue;
		if (port < one.firstPort || port > one.lastPort) continue;
		if (compare(memory, at, one.first) >= 0 && compare(memory, at, one.last) <= 0) return true;
	}
	return false;
}

function compare(memory: Uint8Array, at: number, other: Uint8Array): number {
	for (let index = 0; index < other.length; index++) {
		const difference = (memory[at + index] as number) - (other[index] as number);
		if (difference !== 0) return difference;
	}
	return 0;
}
