/**
 * The port between IKE and what carries the packets of tunnels: in user space, or in the kernel.
 *
 * The engine of IKE says which devices, VPNs and associations there are; the plane carries their packets and tells what it
 * cannot do without: associations and keys that are wanted, and which of them are used.
 */
import type { Address } from "#base/address.ts";
import type { AddressPort } from "#base/socket-address.ts";
import type { EspSelectors } from "#esp/match-selector.ts";
import type { DfBit } from "#esp/outer-header.ts";
import type { EspKeys, EspProtection } from "#esp/protection.ts";

/** Who carries the packets. */
export type PlaneKind = "kernel" | "user-space";

/** Everything is done in the order in which it was asked for. */
export interface DataPlane {
	/**
	 * Makes the device of a unit, without addresses and down; rejects with what Linux says. `outerFamily`: of the addresses
	 * that ESP goes between.
	 */
	addUnit(unit: string, outerFamily: 4 | 6): Promise<void>;
	/** Takes the device away. */
	removeUnit(unit: string): Promise<void>;
	/** The VPNs that there are from now on. `mss`: largest MSS of TCP in a tunnel; 0 leaves it as it is (B55). */
	configure(vpns: readonly PlaneVpn[], mss: number): void;
	/**
	 * Carries ESP from and to an address of this host, as protocol 50 and in UDP. `ikeDescriptor`: the socket of IKE at port
	 * 4500 there, which shares its port. Rejects with what Linux says.
	 */
	attach(local: Address, ikeDescriptor: number | undefined): Promise<void>;
	detach(local: Address): void;
	/** Puts a pair of associations in force; the newest of a VPN goes first, so that new keys are used at once (B4, B8). */
	install(association: PlaneAssociation): void;
	remove(inboundSpi: number): void;
	/** The peer is reached elsewhere. */
	move(inboundSpi: number, path: EspPath): void;
	report(): Promise<PlaneReport>;
	/** Takes everything away. */
	close(): Promise<void>;
}

/** What the engine of IKE is told. */
export interface PlaneEvents {
	/** Traffic for a VPN without an association (B32). */
	wanted(vpn: string): void;
	/** An association needs new keys: its sequence numbers or its octets come to an end. */
	wornOut(inboundSpi: number): void;
	/** An association has used up its octets: nothing more goes by it, and it is to be deleted. */
	spent(inboundSpi: number): void;
	/** Told about twice a second: associations by which packets went. */
	noted(notes: readonly TrafficNote[]): void;
	/** What an operator is to know. */
	told(note: PlaneNote): void;
}

export type PlaneNote =
	/** The plane has failed and begun anew: all its associations are gone, and their keys must not be used again. */
	| { readonly what: "failed"; readonly reason: string }
	/** Packets are encrypted in a slower way. */
	| { readonly what: "slow-ciphers"; readonly reason: string }
	/** An association cannot be carried; it is to be deleted, as `spent` says, too. */
	| { readonly what: "refused"; readonly inboundSpi: number; readonly reason: string }
	/** So many packets of ESP since the last such note had an SPI that nobody has; `spi`: the last. */
	| { readonly what: "unknown-spi"; readonly packets: number; readonly spi: number };

/** A VPN: what its packets are bound to. */
export interface PlaneVpn {
	readonly name: string;
	readonly unit: string;
	/** DF bit of the outer header (B42). */
	readonly dfBit: DfBit;
	/** What it is for; undefined while no connection says so. */
	readonly selectors: EspSelectors | undefined;
}

/** Where packets of an association go between. Within UDP the ports count. */
export interface EspPath {
	readonly local: AddressPort;
	readonly remote: AddressPort;
	readonly isEncapsulated: boolean;
}

/** A pair of associations, as the engine of IKE hands it over. */
export interface PlaneAssociation extends EspSelectors {
	readonly vpn: string;
	/** At which this end receives. */
	readonly inboundSpi: number;
	readonly outboundSpi: number;
	readonly algorithms: EspProtection;
	readonly inboundKeys: EspKeys;
	readonly outboundKeys: EspKeys;
	readonly path: EspPath;
	/** Octets that the keys are used for at most, in each direction; any amount when absent. */
	readonly maxOctets?: number;
	/** Packets in the replay window; 0 switches it off (B44). */
	readonly replayWindow: number;
	/** Milliseconds after which the engine of IKE takes it away by itself. */
	readonly lifetime?: number;
}

export interface PlaneReport {
	/** By the names of VPNs. */
	readonly vpns: ReadonlyMap<string, PlaneCounters>;
	readonly associations: readonly AssociationCounts[];
	/** Packets of ESP with an SPI that nobody has. */
	readonly unknownSpi: number;
}

/** What was done with the packets of a VPN (B73). */
export interface PlaneCounters {
	encryptedPackets: number;
	encryptedOctets: number;
	decryptedPackets: number;
	decryptedOctets: number;
	/** Without an association. */
	unprotected: number;
	/** ESP that was not opened, for whichever of the four reasons below. */
	refused: number;
	badHeaders: number;
	replayed: number;
	notAuthentic: number;
	badTrailers: number;
	/** Opened, and not of the traffic that was agreed. */
	outsideSelectors: number;
	malformed: number;
	/** Dropped as they did not fit the path and were not to be fragmented; their senders were told, unless there is nobody to tell. */
	tooLarge: number;
	/** Dropped as the outer header told of congestion and the packet within could not (RFC 6040 §4.2). */
	congested: number;
}

/** Nothing done yet. */
export function newCounters(): PlaneCounters {
	return {
		encryptedPackets: 0,
		encryptedOctets: 0,
		decryptedPackets: 0,
		decryptedOctets: 0,
		unprotected: 0,
		refused: 0,
		badHeaders: 0,
		replayed: 0,
		notAuthentic: 0,
		badTrailers: 0,
		outsideSelectors: 0,
		malformed: 0,
		tooLarge: 0,
		congested: 0,
	};
}

/** What one association has done; `refused` by `espRefusal`, as in `InboundAssociation`. */
export interface AssociationCounts {
	readonly inboundSpi: number;
	readonly sentPackets: number;
	readonly sentOctets: number;
	readonly receivedPackets: number;
	readonly receivedOctets: number;
	readonly refused: readonly number[];
}

export interface TrafficNote {
	readonly inboundSpi: number;
	readonly hasSent: boolean;
	readonly hasReceived: boolean;
}
