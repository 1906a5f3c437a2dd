/**
 * The loop that carries packets: it waits for devices, sockets and messages, and takes what each has in batches.
 *
 *     device -> plane (sealed in place) -> sender -> socket
 *     socket -> receiver -> plane (opened in place) -> device
 *
 * It runs in a thread of its own and owns none of the descriptors. What the devices' queues and the sockets' buffers have no room
 * for is lost, as on a wire.
 */
import { randomFillSync } from "node:crypto";
import { formatAddress } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import type { PacketCalls } from "#base/packet-calls-shell.ts";
import type { PacketMemory } from "#base/packet-memory.ts";
import { encodeSocketAddress } from "#base/socket-address.ts";
import type { EspPath, PlaneAssociation, PlaneNote, PlaneReport, TrafficNote } from "#esp/data-plane.ts";
import { EspPacketReceiver } from "#esp/esp-receiver-shell.ts";
import { EspSender } from "#esp/esp-sender-shell.ts";
import { MemoryPlan } from "#esp/memory-plan.ts";
import { type PacketCiphers, scratchOctets } from "#esp/packet-cipher.ts";
import { type EspSocket, outerOctets, type PacketPath } from "#esp/packet-path.ts";
import type { ToCarrier } from "#esp/plane-message.ts";
import { RandomPool } from "#esp/random-pool.ts";
import { TrafficPlane } from "#esp/traffic-plane.ts";

/** Octets of the memory that packets are carried in. */
export const carrierOctets = 4_194_304;

export interface CarrierParts {
	readonly linux: Linux;
	readonly calls: PacketCalls;
	readonly ciphers: PacketCiphers;
	/** The descriptor that is readable when there are messages. */
	readonly signal: number;
}

export interface CarrierPorts {
	wanted(vpn: string): void;
	wornOut(inboundSpi: number): void;
	spent(inboundSpi: number): void;
	noted(notes: readonly TrafficNote[]): void;
	told(note: PlaneNote): void;
	/** The signal came: messages are to be read. */
	onSignal(): void;
}

interface Device {
	readonly kind: "device";
	readonly unit: string;
	readonly descriptor: number;
}

type Source =
	| Device
	| (EspSocket & { readonly kind: "socket" })
	| { readonly kind: "signal"; readonly descriptor: number };

interface Attached {
	readonly datagrams: (EspSocket & { readonly kind: "socket" }) | undefined;
	readonly raw: EspSocket & { readonly kind: "socket" };
}

export class PacketCarrier {
	readonly #linux: Linux;
	readonly #calls: PacketCalls;
	readonly #memory: PacketMemory;
	readonly #ports: CarrierPorts;
	readonly #plane: TrafficPlane<PacketPath>;
	readonly #sender: EspSender;
	readonly #receiver: EspPacketReceiver;
	readonly #epoll: number;
	readonly #eventsAt: number;
	readonly #wantedEventAt: number;
	readonly #namesAt: number;
	readonly #freeNames: number[] = [];
	readonly #outgoingAt: number;
	/** Where the next packet of a device is read to. */
	#at: number;
	readonly #devices = new Map<string, Device>();
	readonly #attached = new Map<string, Attached>();
	/** By the number that the kernel tells with an event. */
	readonly #sources = new Map<number, Source>();
	#isStopped = false;
	#looksAt = 0;
	#toldUnknown = 0;
	#unknownToldAt = Number.NEGATIVE_INFINITY;
	/** Bound once: it is called for each packet. */
	readonly #takeIncoming = (at: number, octets: number, trafficClass: number) =>
		this.#plane.takeIncoming(at, octets, trafficClass);

	constructor({ linux, calls, ciphers, signal }: CarrierParts, ports: CarrierPorts) {
		this.#linux = linux;
		this.#calls = calls;
		this.#memory = ciphers.memory;
		this.#ports = ports;
		const plan = new MemoryPlan(scratchOctets);
		this.#eventsAt = plan.take(maxEvents * eventOctets);
		this.#wantedEventAt = plan.take(eventOctets);
		this.#namesAt = plan.take(maxNames * nameOctets);
		for (let index = maxNames - 1; index >= 0; index--) this.#freeNames.push(this.#namesAt + index * nameOctets);
		this.#sender = new EspSender(calls, ciphers.memory, plan, (path) => this.#plane.forgetLimit(path));
		this.#receiver = new EspPacketReceiver(calls, ciphers.memory, plan);
		this.#outgoingAt = plan.take(0);
		this.#at = this.#outgoingAt;
		const random = new RandomPool((octets) => void randomFillSync(octets));
		this.#plane = new TrafficPlane(ciphers, random, {
			send: (path, at, octets, trafficClass, flowLabel, mayFragment) =>
				this.#sender.add(path, at, octets, trafficClass, flowLabel, mayFragment),
			deliver: (unit, at, octets) => this.#deliver(unit, at, octets),
			place: (packet) => this.#place(packet),
			limitOf: (path) => this.#limitOf(path),
			onLeft: (path) => void this.#freeNames.push(path.nameAt),
			onWanted: (vpn) => ports.wanted(vpn),
			onWornOut: (inboundSpi) => ports.wornOut(inboundSpi),
			onSpent: (inboundSpi) => ports.spent(inboundSpi),
		});
		this.#epoll = calls.epollCreate();
		this.#watch({ kind: "signal", descriptor: signal });
	}

	/** Carries packets until it is told to stop. */
	run(): void {
		this.#looksAt = performance.now() + lookMs;
		while (!this.#isStopped) {
			const wait = Math.max(0, Math.ceil(this.#looksAt - performance.now()));
			const count = this.#calls.epollWait(this.#epoll, this.#memory.address + this.#eventsAt, maxEvents, wait);
			for (let index = 0; index < count && !this.#isStopped; index++) this.#serve(index);
			if (performance.now() >= this.#looksAt) this.#look();
		}
		this.#calls.close(this.#epoll);
	}

	/** What is asked for; not the questions, which `report` and the return of this answer. */
	take(message: ToCarrier): void {
		switch (message.type) {
			case "add-unit": {
				const device: Device = { kind: "device", unit: message.unit, descriptor: message.descriptor };
				this.#devices.set(message.unit, device);
				return this.#watch(device);
			}
			case "remove-unit":
				this.#leave(this.#devices.get(message.unit));
				return void this.#devices.delete(message.unit);
			case "configure":
				return this.#plane.configure(message.vpns, message.mss);
			case "attach":
				return this.#attach(message);
			case "detach": {
				const attached = this.#attached.get(formatAddress(message.local));
				this.#leave(attached?.datagrams);
				this.#leave(attached?.raw);
				return void this.#attached.delete(formatAddress(message.local));
			}
			case "install":
				return this.#install(message.association);
			case "remove":
				return this.#plane.remove(message.inboundSpi);
			case "move": {
				const path = this.#pathOf(message.path);
				if (path !== undefined) this.#plane.move(message.inboundSpi, path);
				return;
			}
			case "report":
				return;
			case "stop":
				this.#isStopped = true;
		}
	}

	report(): PlaneReport {
		const { unknownSpi } = this.#plane;
		return { vpns: this.#plane.counters(), associations: this.#plane.counts(), unknownSpi };
	}

	/** What cannot be carried is told, and deleted at both ends: half a tunnel would be worse than none. */
	#install(association: PlaneAssociation): void {
		const { inboundSpi } = association;
		const path = this.#pathOf(association.path);
		try {
			if (path !== undefined && this.#plane.install({ ...association, path })) return;
			this.#ports.told({ what: "refused", inboundSpi, reason: "there are as many associations as there may be" });
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.#ports.told({ what: "refused", inboundSpi, reason });
		}
		if (path !== undefined) this.#freeNames.push(path.nameAt);
		this.#ports.spent(inboundSpi);
	}

	#serve(index: number): void {
		const source = this.#sources.get(this.#memory.view.getUint32(this.#eventsAt + index * eventOctets + dataAt, true));
		if (source === undefined) return;
		if (source.kind === "device") this.#readDevice(source);
		else if (source.kind === "socket") this.#receiver.receive(source, this.#takeIncoming);
		else {
			// Eight octets, of which nobody wants the number.
			this.#calls.read(source.descriptor, this.#memory.address + this.#outgoingAt, 8);
			this.#ports.onSignal();
		}
	}

	/** Up to a batch: then the others have their turn. */
	#readDevice(device: Device): void {
		const { address } = this.#memory;
		for (let count = 0; count < batch; count++) {
			const at = this.#room() + headroomOctets;
			const octets = this.#calls.read(device.descriptor, address + at, maxPacketOctets);
			if (octets <= 0) {
				if (octets < 0 && this.#calls.failure() === badDescriptorState) this.#leave(device);
				break;
			}
			this.#at = at + octets + tailroomOctets;
			this.#plane.takeOutgoing(device.unit, at, octets);
		}
		this.#flush();
	}

	#flush(): void {
		this.#sender.flush();
		this.#at = this.#outgoingAt;
	}

	/** Where there is room for a packet of any size; what waits is sent when there was none. */
	#room(): number {
		const largest = headroomOctets + maxPacketOctets + tailroomOctets;
		if (this.#at + largest > carrierOctets) this.#flush();
		return this.#at;
	}

	#place(packet: Uint8Array): number {
		const at = this.#room() + headroomOctets;
		this.#memory.octets.set(packet, at);
		this.#at = at + packet.length + tailroomOctets;
		return at;
	}

	#deliver(unit: string, at: number, octets: number): void {
		const device = this.#devices.get(unit);
		if (device !== undefined) this.#calls.write(device.descriptor, this.#memory.address + at, octets);
	}

	#limitOf(path: PacketPath): number {
		const mtu = this.#linux.pathMtu(path.remote.address);
		return mtu === undefined ? Number.POSITIVE_INFINITY : mtu - outerOctets(path);
	}

	/** Twice a second: what was used is told, and packets may be joined again. */
	#look(): void {
		const now = performance.now();
		this.#looksAt = now + lookMs;
		const notes = this.#plane.takeNotes();
		if (notes.length > 0) this.#ports.noted(notes);
		const { unknownSpi, lastUnknownSpi } = this.#plane;
		if (unknownSpi === this.#toldUnknown || now < this.#unknownToldAt + unknownMs) return;
		const packets = unknownSpi - this.#toldUnknown;
		this.#toldUnknown = unknownSpi;
		this.#unknownToldAt = now;
		this.#ports.told({ what: "unknown-spi", packets, spi: lastUnknownSpi });
	}

	#attach({ local, datagramDescriptor, rawDescriptor }: Extract<ToCarrier, { readonly type: "attach" }>): void {
		const common = { kind: "socket", isIpv6: local.octets.length === 16, isFragmentable: true } as const;
		const raw = { ...common, descriptor: rawDescriptor, isEncapsulated: false };
		const datagrams =
			datagramDescriptor === undefined
				? undefined
				: { ...common, descriptor: datagramDescriptor, isEncapsulated: true };
		this.#attached.set(formatAddress(local), { datagrams, raw });
		for (const socket of [datagrams, raw]) {
			if (socket === undefined) continue;
			this.#receiver.prepare(socket);
			this.#watch(socket);
		}
	}

	/** Undefined when there are as many as there may be. */
	#pathOf({ local, remote, isEncapsulated }: EspPath): PacketPath | undefined {
		const nameAt = this.#freeNames.pop();
		if (nameAt === undefined) return undefined;
		const attached = this.#attached.get(formatAddress(local.address));
		const socket = isEncapsulated ? attached?.datagrams : attached?.raw;
		const name = encodeSocketAddress({ address: remote.address, port: isEncapsulated ? remote.port : 0 }, true);
		this.#memory.octets.set(name, nameAt);
		return { socket, remote, nameAt, nameOctets: name.length, mayJoin: true };
	}

	#watch(source: Source): void {
		this.#sources.set(source.descriptor, source);
		const { view, address } = this.#memory;
		const at = this.#wantedEventAt;
		view.setUint32(at, readable, true);
		view.setUint32(at + dataAt, source.descriptor, true);
		this.#calls.epollControl(this.#epoll, addToEpoll, source.descriptor, address + at);
	}

	#leave(source: Source | undefined): void {
		if (source === undefined || this.#sources.get(source.descriptor) !== source) return;
		this.#sources.delete(source.descriptor);
		this.#calls.epollControl(
			this.#epoll,
			removeFromEpoll,
			source.descriptor,
			this.#memory.address + this.#wantedEventAt,
		);
	}
}

/** Packets of a device before the others have their turn. */
const batch = 64;
/** Header of ESP and IV, and what a device wants before a packet. */
const headroomOctets = 64;
/** Padding and check value. */
const tailroomOctets = 128;
const maxPacketOctets = 65_536;
const lookMs = 500;
/** From one event about strange packets to the next. */
const unknownMs = 60_000;
/** Two for each association: one is made before the other is let go. */
const maxNames = 8_192;
const nameOctets = 32;
const maxEvents = 64;
/** `struct epoll_event`: | events (4) | data (8) |, on other machines than x64 with 4 octets between them. */
const eventOctets = process.arch === "x64" ? 12 : 16;
const dataAt = process.arch === "x64" ? 4 : 8;
/** EBADFD: the device was taken away by somebody. */
const badDescriptorState = 77;
const readable = 1;
const addToEpoll = 1;
const removeFromEpoll = 2;
