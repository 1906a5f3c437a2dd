/** The data plane in user space: a TUN device for each unit, ESP in UDP by the sockets of IKE, and protocol 50. */
import { randomFillSync } from "node:crypto";
import { type Address, formatAddress } from "#base/address.ts";
import type { Linux, PacketHeader } from "#base/linux.ts";
import type { DataPlane, EspPath, PlaneAssociation, PlaneEvents, PlaneReport, PlaneVpn } from "#esp/data-plane.ts";
import { EspSocket } from "#esp/esp-socket-shell.ts";
import { decodeInnerPacket, type InnerPacket } from "#esp/inner-packet.ts";
import { mayGoOut } from "#esp/match-selector.ts";
import { TrafficPlane } from "#esp/traffic-plane.ts";
import { TunDevice } from "#esp/tun-shell.ts";

interface CarriedVpn {
	vpn: PlaneVpn;
	readonly plane: TrafficPlane<EspPath>;
}

interface AttachedAddress {
	readonly socket: EspSocket;
	readonly ikeDescriptor: number | undefined;
}

export class UserSpacePlane implements DataPlane {
	readonly #linux: Linux;
	readonly #events: PlaneEvents;
	readonly #devices = new Map<string, TunDevice>();
	readonly #addresses = new Map<string, AttachedAddress>();
	#vpns: readonly CarriedVpn[] = [];
	readonly #owners = new Map<number, TrafficPlane<EspPath>>();
	readonly #timer: NodeJS.Timeout;
	#unknownSpi = 0;

	constructor(linux: Linux, events: PlaneEvents) {
		this.#linux = linux;
		this.#events = events;
		this.#timer = setInterval(() => events.noted(this.#vpns.flatMap(({ plane }) => plane.takeNotes())), noteMs);
	}

	async addUnit(unit: string): Promise<void> {
		this.#devices.set(unit, await TunDevice.open(this.#linux, unit, (packet) => this.#takeOutgoing(unit, packet)));
	}

	async removeUnit(unit: string): Promise<void> {
		this.#devices.get(unit)?.close();
		this.#devices.delete(unit);
	}

	configure(vpns: readonly PlaneVpn[], mss: number): void {
		const known = this.#vpns;
		this.#vpns = vpns.map((vpn) => {
			const carried =
				known.find((one) => one.vpn.name === vpn.name && one.vpn.unit === vpn.unit) ?? this.#newVpn(vpn, mss);
			carried.vpn = vpn;
			carried.plane.configure({ mss, dfBit: vpn.dfBit });
			return carried;
		});
	}

	async attach(local: Address, ikeDescriptor: number | undefined): Promise<void> {
		if (this.#addresses.has(formatAddress(local))) return;
		if (ikeDescriptor !== undefined) this.#linux.preparePackets(ikeDescriptor, local.octets.length === 4 ? 4 : 6);
		const socket = await EspSocket.open(this.#linux, local, (packet, trafficClass) =>
			this.takeIncoming(packet, trafficClass),
		);
		this.#addresses.set(formatAddress(local), { socket, ikeDescriptor });
	}

	detach(local: Address): void {
		this.#addresses.get(formatAddress(local))?.socket.close();
		this.#addresses.delete(formatAddress(local));
	}

	install(association: PlaneAssociation): void {
		const carried = this.#vpns.find(({ vpn }) => vpn.name === association.vpn);
		if (carried === undefined) return;
		this.#owners.set(association.inboundSpi, carried.plane);
		carried.plane.install(association);
	}

	remove(inboundSpi: number): void {
		this.#owners.get(inboundSpi)?.remove(inboundSpi);
		this.#owners.delete(inboundSpi);
	}

	move(inboundSpi: number, path: EspPath): void {
		this.#owners.get(inboundSpi)?.move(inboundSpi, path);
	}

	async report(): Promise<PlaneReport> {
		return {
			vpns: new Map(this.#vpns.map(({ vpn, plane }) => [vpn.name, { ...plane.counters }])),
			associations: this.#vpns.flatMap(({ plane }) => plane.counts()),
			unknownSpi: this.#unknownSpi,
		};
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const { socket } of this.#addresses.values()) socket.close();
		for (const device of this.#devices.values()) device.close();
		this.#addresses.clear();
		this.#devices.clear();
	}

	/** A packet of ESP that came to the socket of IKE. */
	takeIncoming(packet: Uint8Array, trafficClass?: number): void {
		if (packet.length < espHeaderOctets) return;
		const spi = new DataView(packet.buffer, packet.byteOffset, 4).getUint32(0);
		const owner = this.#owners.get(spi);
		if (owner === undefined) this.#unknownSpi++;
		else owner.takeIncoming(packet, trafficClass);
	}

	#newVpn({ name, unit, dfBit }: PlaneVpn, mss: number): CarriedVpn {
		const plane = new TrafficPlane<EspPath>(
			{
				sendEsp: (packet, to, header) => this.#sendEsp(packet, to, header),
				deliver: (packet) => this.#devices.get(unit)?.write(packet),
				onUnprotected: (packet) => this.#onUnprotected(name, packet),
				onWornOut: (inboundSpi) => this.#events.wornOut(inboundSpi),
				onSpent: (inboundSpi) => this.#events.spent(inboundSpi),
				fillRandom: (octets) => void randomFillSync(octets),
			},
			{ mss, dfBit },
		);
		return { vpn: { name, unit, dfBit, selectors: undefined }, plane };
	}

	/** Several VPNs of a unit are told apart by what each is for. */
	#takeOutgoing(unit: string, packet: Uint8Array): void {
		const bound = this.#vpns.filter(({ vpn }) => vpn.unit === unit);
		if (bound.length < 2) return bound[0]?.plane.takeOutgoing(packet);
		const decoded = decodeInnerPacket(packet);
		if (decoded.kind !== "done") return;
		bound
			.find(({ vpn: { selectors } }) => selectors !== undefined && mayGoOut(selectors, decoded.value))
			?.plane.takeOutgoing(packet);
	}

	/** What Linux sends of its own accord to groups brings no tunnel up. */
	#onUnprotected(name: string, packet: InnerPacket): void {
		const selectors = this.#vpns.find(({ vpn }) => vpn.name === name)?.vpn.selectors;
		if (selectors === undefined || isGroup(packet) || !mayGoOut(selectors, packet)) return;
		this.#events.wanted(name);
	}

	/** Octets of ESP that the path takes at most when the packet does not fit. */
	#sendEsp(packet: Uint8Array, to: EspPath, header: PacketHeader): number | undefined {
		const { address } = to.remote;
		if (this.#putEsp(packet, to, header)) return undefined;
		const mtu = this.#linux.pathMtu(address);
		return mtu === undefined ? undefined : mtu - outerOctets(address, to.isEncapsulated);
	}

	/** False when it does not fit. */
	#putEsp(packet: Uint8Array, { local, remote, isEncapsulated }: EspPath, header: PacketHeader): boolean {
		const found = this.#addresses.get(formatAddress(local.address));
		if (found === undefined) return true;
		if (!isEncapsulated) return found.socket.send(packet, remote.address, header);
		const { ikeDescriptor } = found;
		return ikeDescriptor === undefined || this.#linux.sendPacket(ikeDescriptor, packet, remote, header) !== "too-large";
	}
}

function outerOctets({ octets }: Address, isEncapsulated: boolean): number {
	return (octets.length === 4 ? 20 : 40) + (isEncapsulated ? udpHeaderOctets : 0);
}

function isGroup({ version, destination }: InnerPacket): boolean {
	return version === 4 ? (destination[0] as number) >= 224 : destination[0] === 0xff;
}

const udpHeaderOctets = 8;
const noteMs = 500;
/** SPI and sequence number. */
const espHeaderOctets = 8;
