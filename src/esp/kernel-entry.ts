/** An association that is in the kernel, and what it has done as the kernel told it last. */
import type { AssociationCounts, EspPath, PlaneAssociation, PlaneCounters } from "#esp/data-plane.ts";
import { espRefusal } from "#esp/inbound-association.ts";
import type { XfrmStateView } from "#esp/xfrm-state.ts";
import type { XfrmMark } from "#esp/xfrm-structures.ts";

export interface Entry {
	readonly association: PlaneAssociation;
	readonly mark: XfrmMark;
	readonly requestId: number;
	/** `selectorsKey`. */
	readonly selectors: string;
	readonly path: EspPath;
	sent: Used;
	received: Used;
	outsideWindow: number;
	replayed: number;
	notAuthentic: number;
	/** New keys were asked for. */
	isWornOut: boolean;
}

interface Used {
	readonly packets: number;
	readonly octets: number;
}

/** Nothing was done yet. */
export function newEntry(parts: Pick<Entry, "association" | "mark" | "path" | "requestId" | "selectors">): Entry {
	const none = { packets: 0, octets: 0 };
	return { ...parts, sent: none, received: none, outsideWindow: 0, replayed: 0, notAuthentic: 0, isWornOut: false };
}

/** Takes over what the kernel tells; undefined: it has the association no longer, and what was known stays. */
export function note(entry: Entry, inbound: XfrmStateView | undefined, outbound: XfrmStateView | undefined): void {
	if (outbound !== undefined) entry.sent = usedOf(outbound);
	if (inbound === undefined) return;
	entry.received = usedOf(inbound);
	entry.outsideWindow = inbound.outsideWindow;
	entry.replayed = inbound.replayed;
	entry.notAuthentic = inbound.notAuthentic;
}

export function countsOf({
	association,
	sent,
	received,
	outsideWindow,
	replayed,
	notAuthentic,
}: Entry): AssociationCounts {
	const refused = [0, 0, 0, 0, 0];
	refused[-espRefusal.replayed] = outsideWindow + replayed;
	refused[-espRefusal.notAuthentic] = notAuthentic;
	return {
		inboundSpi: association.inboundSpi,
		sentPackets: sent.packets,
		sentOctets: sent.octets,
		receivedPackets: received.packets,
		receivedOctets: received.octets,
		refused,
	};
}

/** Adds what an association did to the counters of its VPN. */
export function addTo(counters: PlaneCounters, entry: Entry): void {
	const { sent, received, outsideWindow, replayed, notAuthentic } = entry;
	counters.encryptedPackets += sent.packets;
	counters.encryptedOctets += sent.octets;
	counters.decryptedPackets += received.packets;
	counters.decryptedOctets += received.octets;
	counters.replayed += outsideWindow + replayed;
	counters.notAuthentic += notAuthentic;
	counters.refused += outsideWindow + replayed + notAuthentic;
}

function usedOf({ packets, octets }: XfrmStateView): Used {
	return { packets: Number(packets), octets: Number(octets) };
}
