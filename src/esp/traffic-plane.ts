/**
 * The data plane of ESP in user space, without its devices: which association a packet goes out by, what came in by one,
 * and what the engine of IKE has to know of it. Packets lie in one memory and are changed there; there is no object for each.
 *
 * Bounds: `maxAssociations`; the newest goes first, so that new keys are used as soon as they are there (B4, B8).
 */
import type { PacketMemory } from "#base/packet-memory.ts";
import { clampMss } from "#esp/clamp-mss.ts";
import { SegmentCutter } from "#esp/cut-segments.ts";
import {
	type AssociationCounts,
	newCounters,
	type PlaneAssociation,
	type PlaneCounters,
	type PlaneVpn,
	type TrafficNote,
} from "#esp/data-plane.ts";
import { espRefusal, InboundAssociation } from "#esp/inbound-association.ts";
import { InnerPacket } from "#esp/inner-packet.ts";
import { mayComeIn, mayGoOut } from "#esp/match-selector.ts";
import { OutboundAssociation } from "#esp/outbound-association.ts";
import { flowLabelOf, mayFragment, takeCongestion, trafficClassOf } from "#esp/outer-header.ts";
import type { PacketCiphers } from "#esp/packet-cipher.ts";
import type { RandomPool } from "#esp/random-pool.ts";
import { fragments4, leastMtu6, tooLargeAnswer } from "#esp/too-large.ts";

/** A pair of associations; `P` is where its packets go. */
export type PlacedAssociation<P> = Omit<PlaneAssociation, "path"> & { readonly path: P };

/** Where packets come from and go to. */
export interface PlanePorts<P> {
	/** Sends the packet of ESP at a place of the memory, which stays as it is until it is sent. */
	send(path: P, at: number, octets: number, trafficClass: number, flowLabel: number, mayFragment: boolean): void;
	/** Hands the packet at a place of the memory, which came out of a tunnel, to this host; the place is used again afterwards. */
	deliver(unit: string, at: number, octets: number): void;
	/** A place in the memory for a packet of so many octets that the plane makes, with room around it. */
	room(octets: number): number;
	/** Octets of ESP that a path takes at most without fragments. */
	limitOf(path: P): number;
	/** A packet has an SPI that nobody has: what was said meanwhile is heard, if anything may have been; true when it was. */
	catchUp(): boolean;
	/** Nothing goes by a path any more. */
	onLeft(path: P): void;
	/** Traffic of a VPN has no association: one is to be made, and the packet is lost (B32). */
	onWanted(vpn: string): void;
	/** An association needs new keys: its sequence numbers or its octets come to an end. */
	onWornOut(inboundSpi: number): void;
	/** An association has used up its octets: nothing more goes by it, and it is to be deleted. */
	onSpent(inboundSpi: number): void;
}

interface Carried<P> {
	vpn: PlaneVpn;
	readonly counters: PlaneCounters;
	/** The newest first. */
	entries: readonly Entry<P>[];
	/** An association was asked for since the last notes; and again after that. */
	isWanted: boolean;
	isWantedAgain: boolean;
}

interface Entry<P> {
	readonly association: PlacedAssociation<P>;
	readonly carried: Carried<P>;
	readonly inbound: InboundAssociation;
	readonly outbound: OutboundAssociation;
	path: P;
	/** Of the path, and at which notes that was asked. */
	limit: number;
	limitRound: number;
	sentPackets: number;
	sentOctets: number;
	receivedPackets: number;
	receivedOctets: number;
	hasSent: boolean;
	hasReceived: boolean;
	isWornOut: boolean;
	isSpent: boolean;
}

export class TrafficPlane<P> {
	/** Packets of ESP with an SPI that nobody has, and the SPI of the last. */
	unknownSpi = 0;
	lastUnknownSpi = 0;
	readonly #ciphers: PacketCiphers;
	readonly #memory: PacketMemory;
	readonly #octets: Uint8Array;
	readonly #random: RandomPool;
	readonly #ports: PlanePorts<P>;
	readonly #inner = new InnerPacket();
	readonly #cutter: SegmentCutter;
	readonly #carried = new Map<string, Carried<P>>();
	readonly #byUnit = new Map<string, readonly Carried<P>[]>();
	/** By the SPI at which this end receives, as a signed number: those are never objects. */
	readonly #bySpi = new Map<number, Entry<P>>();
	#mss = 0;
	/** Counts the notes. */
	#round = 0;
	/** Senders that were told of too large packets since the last notes. */
	#answers = 0;

	constructor(ciphers: PacketCiphers, random: RandomPool, ports: PlanePorts<P>) {
		this.#ciphers = ciphers;
		this.#memory = ciphers.memory;
		this.#octets = ciphers.memory.octets;
		this.#cutter = new SegmentCutter(ciphers.memory);
		this.#random = random;
		this.#ports = ports;
	}

	/** As `DataPlane.configure`. Associations of a VPN that is not there any more are forgotten. */
	configure(vpns: readonly PlaneVpn[], mss: number): void {
		this.#mss = mss;
		const before = new Map(this.#carried);
		this.#carried.clear();
		this.#byUnit.clear();
		for (const vpn of vpns) {
			const known = before.get(vpn.name);
			const carried = known?.vpn.unit === vpn.unit ? known : newCarried<P>(vpn);
			carried.vpn = vpn;
			this.#carried.set(vpn.name, carried);
			this.#byUnit.set(vpn.unit, [...(this.#byUnit.get(vpn.unit) ?? []), carried]);
		}
		for (const { association, carried } of [...this.#bySpi.values()])
			if (this.#carried.get(association.vpn) !== carried) this.remove(association.inboundSpi);
	}

	/** Counters by the names of VPNs. */
	counters(): ReadonlyMap<string, PlaneCounters> {
		return new Map([...this.#carried].map(([name, { counters }]) => [name, { ...counters }]));
	}

	/** What each association has done. */
	counts(): readonly AssociationCounts[] {
		return [...this.#bySpi.values()].map(
			({ association, inbound, sentPackets, sentOctets, receivedPackets, receivedOctets }) => ({
				inboundSpi: association.inboundSpi,
				sentPackets,
				sentOctets,
				receivedPackets,
				receivedOctets,
				refused: [...inbound.refused],
			}),
		);
	}

	/** Puts an association in force; false when there are as many as there may be, and when its VPN is not there. */
	install(association: PlacedAssociation<P>): boolean {
		const carried = this.#carried.get(association.vpn);
		if (carried === undefined || this.#bySpi.size >= maxAssociations) return false;
		const { inboundSpi, outboundSpi, algorithms: protection, inboundKeys, outboundKeys, path } = association;
		const common = { protection, ciphers: this.#ciphers };
		const { replayWindow } = association;
		const entry: Entry<P> = {
			association,
			carried,
			inbound: new InboundAssociation({ ...common, spi: inboundSpi, keys: inboundKeys, replayWindow }),
			outbound: new OutboundAssociation({ ...common, spi: outboundSpi, keys: outboundKeys, random: this.#random }),
			path,
			limit: Number.POSITIVE_INFINITY,
			limitRound: -1,
			sentPackets: 0,
			sentOctets: 0,
			receivedPackets: 0,
			receivedOctets: 0,
			hasSent: false,
			hasReceived: false,
			isWornOut: false,
			isSpent: false,
		};
		this.remove(inboundSpi);
		this.#bySpi.set(inboundSpi | 0, entry);
		carried.entries = [entry, ...carried.entries];
		return true;
	}

	remove(inboundSpi: number): void {
		const entry = this.#bySpi.get(inboundSpi | 0);
		if (entry === undefined) return;
		this.#bySpi.delete(inboundSpi | 0);
		entry.carried.entries = entry.carried.entries.filter((one) => one !== entry);
		entry.inbound.close();
		entry.outbound.close();
		this.#ports.onLeft(entry.path);
	}

	/** The peer is reached elsewhere. */
	move(inboundSpi: number, path: P): void {
		const entry = this.#bySpi.get(inboundSpi | 0);
		if (entry === undefined) return this.#ports.onLeft(path);
		this.#ports.onLeft(entry.path);
		entry.path = path;
		entry.limitRound = -1;
	}

	/** What a path takes is to be asked anew. */
	forgetLimit(path: P): void {
		for (const entry of this.#bySpi.values()) if (entry.path === path) entry.limitRound = -1;
	}

	/**
	 * A packet of this host for a tunnel, with room around it in the memory. It is changed there. With `segment` it is a large one
	 * of TCP that stands for packets with so many octets of payload; its header of TCP is `tcpOffset` octets behind its beginning.
	 */
	takeOutgoing(unit: string, at: number, octets: number, segment = 0, tcpOffset = 0): void {
		const bound = this.#byUnit.get(unit);
		if (bound === undefined) return;
		const inner = this.#inner;
		if (!inner.read(this.#octets, at, octets)) {
			(bound[0] as Carried<P>).counters.malformed++;
			return;
		}
		const carried = this.#ownerOf(bound);
		if (carried === undefined) return;
		const entry = this.#entryFor(carried);
		if (entry === undefined) return this.#lacks(carried);
		if (this.#mss > 0) clampMss(this.#octets, inner, at, this.#mss);
		if (segment === 0) return this.#sendFitting(entry, at, inner.octets, inner.version);
		if (!this.#cutter.begin(at, inner.octets, tcpOffset, segment)) {
			carried.counters.malformed++;
			return;
		}
		const { version } = inner;
		for (let next = this.#cutter.nextOctets; next > 0; next = this.#cutter.nextOctets) {
			const to = this.#ports.room(next);
			this.#cutter.write(to);
			this.#sendFitting(entry, to, next, version);
		}
	}

	/** A packet of ESP from the network, opened where it lies; `trafficClass` of its outer header. */
	takeIncoming(at: number, octets: number, trafficClass: number): void {
		const spi = octets < spiOctets ? 0 : this.#memory.view.getInt32(at);
		let entry = this.#bySpi.get(spi);
		if (entry === undefined && this.#ports.catchUp()) entry = this.#bySpi.get(spi);
		if (entry === undefined) {
			this.unknownSpi++;
			this.lastUnknownSpi = spi >>> 0;
			return;
		}
		const { inbound, carried, association } = entry;
		const { counters } = carried;
		const opened = inbound.open(at, octets);
		if (opened < 0) return countRefusal(counters, opened);
		entry.hasReceived = true;
		const { nextHeader } = inbound;
		if (nextHeader !== ipv4 && nextHeader !== ipv6) return;
		const inner = this.#inner;
		const innerAt = at + inbound.prefixOctets;
		if (!inner.read(this.#octets, innerAt, opened) || (inner.version === 4 ? ipv4 : ipv6) !== nextHeader) {
			counters.malformed++;
			return;
		}
		if (!mayComeIn(association, this.#octets, inner)) {
			counters.outsideSelectors++;
			return;
		}
		if (!takeCongestion(this.#octets, innerAt, trafficClass)) {
			counters.congested++;
			return;
		}
		if (this.#mss > 0) clampMss(this.#octets, inner, innerAt, this.#mss);
		entry.receivedPackets++;
		entry.receivedOctets += inner.octets;
		counters.decryptedPackets++;
		counters.decryptedOctets += inner.octets;
		this.#watchWear(entry);
		// What stands behind the packet was put there to hide its length (RFC 4303 §2.7).
		this.#ports.deliver(carried.vpn.unit, innerAt, inner.octets);
	}

	/** To be asked regularly: what happened since the last time, of associations where something did. */
	takeNotes(): readonly TrafficNote[] {
		this.#answers = 0;
		this.#round++;
		for (const carried of this.#carried.values()) {
			const isWanted = carried.isWantedAgain;
			carried.isWanted = isWanted;
			carried.isWantedAgain = false;
			if (isWanted) this.#ports.onWanted(carried.vpn.name);
		}
		const notes: TrafficNote[] = [];
		for (const entry of this.#bySpi.values()) {
			const { hasSent, hasReceived } = entry;
			if (!hasSent && !hasReceived) continue;
			notes.push({ inboundSpi: entry.association.inboundSpi, hasSent, hasReceived });
			entry.hasSent = false;
			entry.hasReceived = false;
		}
		return notes;
	}

	/** Several VPNs of a unit are told apart by what each is for. */
	#ownerOf(bound: readonly Carried<P>[]): Carried<P> | undefined {
		if (bound.length === 1) return bound[0];
		for (let index = 0; index < bound.length; index++) {
			const one = bound[index] as Carried<P>;
			const { selectors } = one.vpn;
			if (selectors !== undefined && mayGoOut(selectors, this.#octets, this.#inner)) return one;
		}
		return undefined;
	}

	#entryFor({ entries }: Carried<P>): Entry<P> | undefined {
		for (let index = 0; index < entries.length; index++) {
			const entry = entries[index] as Entry<P>;
			if (!entry.isSpent && mayGoOut(entry.association, this.#octets, this.#inner)) return entry;
		}
		return undefined;
	}

	/** What Linux sends of its own accord to groups brings no tunnel up. */
	#lacks(carried: Carried<P>): void {
		carried.counters.unprotected++;
		const { selectors, name } = carried.vpn;
		const inner = this.#inner;
		if (selectors === undefined || inner.isToGroup(this.#octets) || !mayGoOut(selectors, this.#octets, inner)) return;
		if (carried.isWanted) {
			carried.isWantedAgain = true;
			return;
		}
		carried.isWanted = true;
		this.#ports.onWanted(name);
	}

	/** Asked of the kernel at most once from one look at the notes to the next. */
	#limitOf(entry: Entry<P>): number {
		if (entry.limitRound === this.#round) return entry.limit;
		entry.limitRound = this.#round;
		entry.limit = this.#ports.limitOf(entry.path);
		return entry.limit;
	}

	#sendFitting(entry: Entry<P>, at: number, octets: number, version: 4 | 6): void {
		const isFragmentable = mayFragment(this.#octets, at, entry.carried.vpn.dfBit);
		if (!isFragmentable && entry.outbound.sealedOctets(octets) > this.#limitOf(entry))
			return this.#sendSmaller(entry, at, octets, version);
		this.#send(entry, at, octets, version, isFragmentable);
	}

	#send(entry: Entry<P>, at: number, octets: number, version: 4 | 6, isFragmentable: boolean): void {
		const { outbound, carried } = entry;
		// Sealing hides what the outer header copies.
		const trafficClass = trafficClassOf(this.#octets, at);
		const flowLabel = flowLabelOf(this.#octets, at);
		const sealed = outbound.seal(at, octets, version === 4 ? ipv4 : ipv6);
		if (sealed > 0) {
			entry.hasSent = true;
			entry.sentPackets++;
			entry.sentOctets += octets;
			carried.counters.encryptedPackets++;
			carried.counters.encryptedOctets += octets;
			this.#ports.send(entry.path, at - outbound.prefixOctets, sealed, trafficClass, flowLabel, isFragmentable);
		}
		this.#watchWear(entry);
	}

	/**
	 * A packet that the path does not take: the sender is told where it minds, else the packet goes in fragments within (IPv4),
	 * or, as no sender of IPv6 goes below 1,280 octets, in fragments without.
	 */
	#sendSmaller(entry: Entry<P>, at: number, octets: number, version: 4 | 6): void {
		const limit = entry.outbound.innerOctets(entry.limit);
		if (version === 6 && limit < leastMtu6) return this.#send(entry, at, octets, version, true);
		const packet = this.#octets.subarray(at, at + octets);
		const parts = fragments4(packet, limit);
		if (parts !== undefined) {
			for (const part of parts) this.#send(entry, this.#place(part), part.length, version, false);
			return;
		}
		entry.carried.counters.tooLarge++;
		const answer = tooLargeAnswer(packet, limit);
		if (answer === undefined || this.#answers >= maxAnswers) return;
		this.#answers++;
		this.#ports.deliver(entry.carried.vpn.unit, this.#place(answer), answer.length);
	}

	#place(packet: Uint8Array): number {
		const at = this.#ports.room(packet.length);
		this.#octets.set(packet, at);
		return at;
	}

	#watchWear(entry: Entry<P>): void {
		const { maxOctets, inboundSpi } = entry.association;
		if (maxOctets !== undefined) {
			const used = Math.max(entry.sentOctets, entry.receivedOctets);
			if (used >= maxOctets && !entry.isSpent) {
				entry.isSpent = true;
				this.#ports.onSpent(inboundSpi);
			}
			if (used >= maxOctets * softPart) this.#wearOut(entry, inboundSpi);
		}
		if (entry.outbound.isWearingOut) this.#wearOut(entry, inboundSpi);
	}

	#wearOut(entry: Entry<P>, inboundSpi: number): void {
		if (entry.isWornOut) return;
		entry.isWornOut = true;
		this.#ports.onWornOut(inboundSpi);
	}
}

function newCarried<P>(vpn: PlaneVpn): Carried<P> {
	return { vpn, counters: newCounters(), entries: [], isWanted: false, isWantedAgain: false };
}

function countRefusal(counters: PlaneCounters, reason: number): void {
	counters.refused++;
	if (reason === espRefusal.truncated) counters.badHeaders++;
	else if (reason === espRefusal.replayed) counters.replayed++;
	else if (reason === espRefusal.notAuthentic) counters.notAuthentic++;
	else counters.badTrailers++;
}

/** Next headers of tunnel mode (B38, B41). */
const ipv4 = 4;
const ipv6 = 41;
const spiOctets = 4;
const maxAssociations = 4_096;
/** From one look at the notes to the next: errors of ICMP are to be limited (RFC 4443 §2.4). */
const maxAnswers = 50;
/** New keys are asked for when so much of the octets is used. */
const softPart = 0.8;
