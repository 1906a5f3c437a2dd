/**
 * The data plane of ESP in user space, without its devices: which association a packet goes out by, what came in by one,
 * and what the engine of IKE has to know of it.
 *
 * Bounds: `maxAssociations`; the newest goes first, so that new keys are used as soon as they are there (B4, B8).
 */
import type { PacketHeader } from "#base/linux.ts";
import { clampMss } from "#esp/clamp-mss.ts";
import { type AssociationCounts, newCounters, type PlaneAssociation, type TrafficNote } from "#esp/data-plane.ts";
import { espRefusal, InboundAssociation } from "#esp/inbound-association.ts";
import { decodeInnerPacket, type InnerPacket } from "#esp/inner-packet.ts";
import { mayComeIn, mayGoOut } from "#esp/match-selector.ts";
import { OutboundAssociation } from "#esp/outbound-association.ts";
import { type DfBit, outerHeader, takeCongestion } from "#esp/outer-header.ts";
import { fragments4, leastMtu6, tooLargeAnswer } from "#esp/too-large.ts";

/** A pair of associations; `P` is where its packets go. */
export type PlacedAssociation<P> = Omit<PlaneAssociation, "path" | "vpn"> & { readonly path: P };

/** Where packets come from and go to. */
export interface PlanePorts<P> {
	/**
	 * Sends a packet of ESP; the octets are used again afterwards. Undefined, unless it is too large for the path and may not
	 * be fragmented: then the octets of ESP that the path takes at most.
	 */
	sendEsp(packet: Uint8Array, path: P, header: PacketHeader): number | undefined;
	/** Hands a packet that came out of a tunnel to this host; the octets are used again afterwards. */
	deliver(packet: Uint8Array): void;
	/** A packet has no association: one is to be made, and the packet is lost (B32). */
	onUnprotected(packet: InnerPacket): void;
	/** An association needs new keys: its sequence numbers or its octets come to an end. */
	onWornOut(inboundSpi: number): void;
	/** An association has used up its octets: nothing more goes by it, and it is to be deleted. */
	onSpent(inboundSpi: number): void;
	fillRandom(octets: Uint8Array): void;
}

export interface PlaneSettings {
	/** Largest MSS of TCP in a tunnel; 0 leaves it as it is (B55). */
	readonly mss: number;
	/** DF bit of the outer header. */
	readonly dfBit: DfBit;
}

interface Entry<P> {
	readonly association: PlacedAssociation<P>;
	readonly inbound: InboundAssociation;
	readonly outbound: OutboundAssociation;
	path: P;
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
	readonly counters = newCounters();
	/** Packets of ESP with an SPI that nobody has. */
	unknownSpi = 0;
	readonly #ports: PlanePorts<P>;
	#settings: PlaneSettings;
	/** By the SPI at which this end receives. */
	readonly #bySpi = new Map<number, Entry<P>>();
	/** The newest first. */
	#order: readonly Entry<P>[] = [];
	readonly #sealed = new Uint8Array(maxPacketOctets + maxOverheadOctets);
	readonly #opened = new Uint8Array(maxPacketOctets);
	/** Senders that were told of too large packets since the last notes. */
	#answers = 0;

	constructor(ports: PlanePorts<P>, settings: PlaneSettings) {
		this.#ports = ports;
		this.#settings = settings;
	}

	configure(settings: PlaneSettings): void {
		this.#settings = settings;
	}

	/** What each association has done. */
	counts(): readonly AssociationCounts[] {
		return this.#order.map(({ association, inbound, sentPackets, sentOctets, receivedPackets, receivedOctets }) => ({
			inboundSpi: association.inboundSpi,
			sentPackets,
			sentOctets,
			receivedPackets,
			receivedOctets,
			refused: [...inbound.refused],
		}));
	}

	/** Puts an association in force; false when there are as many as there may be. */
	install(association: PlacedAssociation<P>): boolean {
		if (this.#bySpi.size >= maxAssociations) return false;
		const {
			inboundSpi,
			outboundSpi,
			algorithms: protection,
			inboundKeys,
			outboundKeys,
			path,
			replayWindow,
		} = association;
		const fillRandom = (octets: Uint8Array) => this.#ports.fillRandom(octets);
		const entry: Entry<P> = {
			association,
			inbound: new InboundAssociation({ spi: inboundSpi, protection, keys: inboundKeys, replayWindow }),
			outbound: new OutboundAssociation({ spi: outboundSpi, protection, keys: outboundKeys, fillRandom }),
			path,
			sentPackets: 0,
			sentOctets: 0,
			receivedPackets: 0,
			receivedOctets: 0,
			hasSent: false,
			hasReceived: false,
			isWornOut: false,
			isSpent: false,
		};
		this.#bySpi.set(inboundSpi, entry);
		this.#order = [entry, ...this.#order];
		return true;
	}

	remove(inboundSpi: number): void {
		this.#bySpi.delete(inboundSpi);
		this.#order = this.#order.filter(({ association }) => association.inboundSpi !== inboundSpi);
	}

	/** The peer is reached elsewhere. */
	move(inboundSpi: number, path: P): void {
		const entry = this.#bySpi.get(inboundSpi);
		if (entry !== undefined) entry.path = path;
	}

	/** A packet of this host for a tunnel. May be changed: the MSS is lowered in place. */
	takeOutgoing(packet: Uint8Array): void {
		const decoded = decodeInnerPacket(packet);
		if (decoded.kind !== "done" || packet.length > maxPacketOctets) {
			this.counters.malformed++;
			return;
		}
		const entry = this.#order.find(({ association, isSpent }) => !isSpent && mayGoOut(association, decoded.value));
		if (entry === undefined) {
			this.counters.unprotected++;
			return this.#ports.onUnprotected(decoded.value);
		}
		if (this.#settings.mss > 0) clampMss(packet, this.#settings.mss);
		const header = outerHeader(packet, this.#settings.dfBit);
		const limit = this.#send(entry, packet, decoded.value, header);
		if (limit !== undefined) this.#sendSmaller(entry, packet, decoded.value, header, limit);
	}

	/** Seals a packet and sends it; answers the octets of the largest packet that fits when this one does not. */
	#send(entry: Entry<P>, packet: Uint8Array, { version }: InnerPacket, header: PacketHeader): number | undefined {
		const octets = entry.outbound.seal(packet, version === 4 ? ipv4 : ipv6, this.#sealed);
		if (octets === 0) {
			this.#watchWear(entry);
			return undefined;
		}
		const limit = this.#ports.sendEsp(this.#sealed.subarray(0, octets), entry.path, header);
		if (limit !== undefined) return entry.outbound.innerOctets(limit);
		entry.hasSent = true;
		entry.sentPackets++;
		entry.sentOctets += packet.length;
		this.counters.encryptedPackets++;
		this.counters.encryptedOctets += packet.length;
		this.#watchWear(entry);
		return undefined;
	}

	/**
	 * A packet with `limit` at hand: the sender is told where it minds, else the packet goes in fragments within (IPv4), or,
	 * as no sender of IPv6 goes below 1,280 octets, in fragments without.
	 */
	#sendSmaller(entry: Entry<P>, packet: Uint8Array, decoded: InnerPacket, header: PacketHeader, limit: number): void {
		if (decoded.version === 6 && limit < leastMtu6)
			return void this.#send(entry, packet, decoded, { ...header, mayFragment: true });
		const parts = fragments4(packet, limit);
		if (parts !== undefined) {
			for (const part of parts) this.#send(entry, part, decoded, header);
			return;
		}
		this.counters.tooLarge++;
		const answer = tooLargeAnswer(packet, limit);
		if (answer === undefined || this.#answers >= maxAnswers) return;
		this.#answers++;
		this.#ports.deliver(answer);
	}

	/** A packet of ESP from the network; `trafficClass` of its outer header where that is known. */
	takeIncoming(packet: Uint8Array, trafficClass = 0): void {
		const entry = packet.length < spiOctets ? undefined : this.#bySpi.get(spiOf(packet));
		if (entry === undefined) {
			this.unknownSpi++;
			return;
		}
		const octets = entry.inbound.open(packet, this.#opened);
		if (octets < 0) {
			this.#countRefusal(octets);
			return;
		}
		entry.hasReceived = true;
		const { nextHeader } = entry.inbound;
		if (nextHeader !== ipv4 && nextHeader !== ipv6) return;
		const inner = this.#opened.subarray(0, octets);
		const decoded = decodeInnerPacket(inner);
		if (decoded.kind !== "done" || (decoded.value.version === 4 ? ipv4 : ipv6) !== nextHeader) {
			this.counters.malformed++;
			return;
		}
		if (!mayComeIn(entry.association, decoded.value)) {
			this.counters.outsideSelectors++;
			return;
		}
		// What stands behind the packet was put there to hide its length (RFC 4303 §2.7).
		const whole = inner.subarray(0, decoded.value.octets);
		if (!takeCongestion(whole, trafficClass)) {
			this.counters.congested++;
			return;
		}
		if (this.#settings.mss > 0) clampMss(whole, this.#settings.mss);
		entry.receivedPackets++;
		entry.receivedOctets += whole.length;
		this.counters.decryptedPackets++;
		this.counters.decryptedOctets += whole.length;
		this.#watchWear(entry);
		this.#ports.deliver(whole);
	}

	/** To be asked regularly: what happened since the last time, of associations where something did. */
	takeNotes(): readonly TrafficNote[] {
		this.#answers = 0;
		const notes: TrafficNote[] = [];
		for (const entry of this.#order) {
			const { hasSent, hasReceived } = entry;
			if (!hasSent && !hasReceived) continue;
			notes.push({ inboundSpi: entry.association.inboundSpi, hasSent, hasReceived });
			entry.hasSent = false;
			entry.hasReceived = false;
		}
		return notes;
	}

	#countRefusal(reason: number): void {
		this.counters.refused++;
		if (reason === espRefusal.truncated) this.counters.badHeaders++;
		else if (reason === espRefusal.replayed) this.counters.replayed++;
		else if (reason === espRefusal.notAuthentic) this.counters.notAuthentic++;
		else this.counters.badTrailers++;
	}

	#watchWear(entry: Entry<P>): void {
		const { maxOctets = Number.POSITIVE_INFINITY, inboundSpi } = entry.association;
		const used = Math.max(entry.sentOctets, entry.receivedOctets);
		if (used >= maxOctets && !entry.isSpent) {
			entry.isSpent = true;
			this.#ports.onSpent(inboundSpi);
		}
		if (entry.isWornOut || !(entry.outbound.isWearingOut || used >= maxOctets * softPart)) return;
		entry.isWornOut = true;
		this.#ports.onWornOut(inboundSpi);
	}
}

function spiOf(packet: Uint8Array): number {
	const upper = ((packet[0] as number) << 8) | (packet[1] as number);
	return upper * 0x1_0000 + (((packet[2] as number) << 8) | (packet[3] as number));
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
const maxPacketOctets = 65_535;
/** Header, IV, padding and check value of the longest kind. */
const maxOverheadOctets = 128;
