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
import { completeChecksum } from "#esp/cut-segments.ts";
import type { EspPath, PlaneAssociation, PlaneNote, PlaneReport, TrafficNote } from "#esp/data-plane.ts";
import { EspPacketReceiver } from "#esp/esp-receiver-shell.ts";
import { EspSender } from "#esp/esp-sender-shell.ts";
import { MemoryPlan } from "#esp/memory-plan.ts";
import { SegmentMerger } from "#esp/merge-segments.ts";
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
	/** Where the next packet of a device is read to, and where that begins anew. */
	#at: number;
	#floor: number;
	readonly #merger: SegmentMerger;
	readonly #vectorsAt: number;
	/** Of the packets that are merged. */
	#runUnit: string | undefined;
	readonly #devices = new Map<string, Device>();
	readonly #attached = new Map<string, Attached>();
	/** By the number that the kernel tells with an event. */
	readonly #sources = new Map<number, Source>();
	#isStopped = false;
	#isReceiving = false;
	#hasCaughtUp = false;
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
		this.#merger = new SegmentMerger(ciphers.memory);
		this.#vectorsAt = plan.take(maxVectors * vectorOctets);
		this.#outgoingAt = plan.take(0);
		this.#at = this.#outgoingAt;
		this.#floor = this.#outgoingAt;
		const random = new RandomPool((octets) => void randomFillSync(octets));
		this.#plane = new TrafficPlane(ciphers, random, {
			send: (path, at, octets, trafficClass, flowLabel, mayFragment) =>
				this.#sender.add(path, at, octets, trafficClass, flowLabel, mayFragment),
			deliver: (unit, at, octets) => this.#deliver(unit, at, octets),
			room: (octets) => this.#room(octets),
			limitOf: (path) => this.#limitOf(path),
			catchUp: () => this.#catchUp(),
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
			// What was said before a packet came is heard before it.
			for (let index = 0; index < count; index++) this.#hear(index);
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
				// What the peer sent before it took leave is here by now, and is still opened.
				for (const { datagrams, raw } of this.#attached.values()) {
					this.#receive(datagrams);
					this.#receive(raw);
				}
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

	#hear(index: number): void {
		const source = this.#sourceOf(index);
		if (source?.kind !== "signal") return;
		// Eight octets, of which nobody wants the number.
		this.#calls.read(source.descriptor, this.#memory.address + this.#outgoingAt, 8);
		this.#ports.onSignal();
	}

	#serve(index: number): void {
		const source = this.#sourceOf(index);
		if (source?.kind === "device") this.#readDevice(source);
		else if (source?.kind === "socket") this.#receive(source);
	}

	/** Undefined when it was taken away meanwhile. */
	#sourceOf(index: number): Source | undefined {
		return this.#sources.get(this.#memory.view.getUint32(this.#eventsAt + index * eventOctets + dataAt, true));
	}

	/** One call of the kernel. Not while packets of another are still looked at: they lie in the same place. */
	#receive(socket: EspSocket | undefined): void {
		if (socket === undefined || this.#isReceiving) return;
		this.#isReceiving = true;
		this.#hasCaughtUp = false;
		this.#receiver.receive(socket, this.#takeIncoming);
		this.#deliverRun();
		this.#isReceiving = false;
	}

	/** New keys may have been told of since the loop last looked. Once for each batch, so that a flood of strangers costs little. */
	#catchUp(): boolean {
		if (this.#hasCaughtUp) return false;
		this.#hasCaughtUp = true;
		this.#ports.onSignal();
		return true;
	}

	/** Up to a batch: then the others have their turn. */
	#readDevice(device: Device): void {
		const { address } = this.#memory;
		let taken = 0;
		for (let count = 0; count < batch && taken < batchOctets; count++) {
			// The packet, and one of any size that is made of it.
			if (this.#at + 2 * largestRoom > carrierOctets) this.#flush();
			const at = this.#at + headroomOctets;
			const octets = this.#calls.read(device.descriptor, address + at - deviceHeader, deviceHeader + maxPacketOctets);
			if (octets <= deviceHeader) {
				if (octets < 0 && this.#calls.failure() === badDescriptorState) this.#leave(device);
				break;
			}
			taken += octets;
			this.#at = at + octets + tailroomOctets;
			this.#takeOutgoing(device.unit, at, octets - deviceHeader);
		}
		this.#flush();
		// Senders of too large packets were told.
		this.#deliverRun();
	}

	/**
	 * What stands before a packet of a device: `struct virtio_net_hdr`.
	 *
	 *     | flags (1) | kind of segments (1) | octets of headers (2) | segment (2) | checksum from (2) | checksum at (2) |
	 */
	#takeOutgoing(unit: string, at: number, octets: number): void {
		const { view } = this.#memory;
		const flags = view.getUint8(at - 10);
		const kind = view.getUint8(at - 9) & ~withEcn;
		const start = view.getUint16(at - 4, true);
		if (kind !== segmentKinds.none) {
			// What is cut gets its place behind the whole.
			this.#floor = this.#at;
			this.#plane.takeOutgoing(unit, at, octets, view.getUint16(at - 6, true), start);
			this.#floor = this.#outgoingAt;
			return;
		}
		if ((flags & needsChecksum) !== 0) completeChecksum(view, at, octets, start, view.getUint16(at - 2, true));
		this.#plane.takeOutgoing(unit, at, octets);
	}

	#flush(): void {
		this.#sender.flush();
		this.#at = this.#outgoingAt;
	}

	/** A place for a packet, with room before and behind; what waits is sent when there was none. */
	#room(octets: number): number {
		if (this.#at + largestRoom > carrierOctets) {
			this.#sender.flush();
			this.#at = this.#floor;
		}
		const at = this.#at + headroomOctets;
		this.#at = at + octets + tailroomOctets;
		return at;
	}

	/** Packets of one flow of TCP are kept until the next that does not follow, or until all that came was read. */
	#deliver(unit: string, at: number, octets: number): void {
		if (this.#runUnit === unit && this.#merger.append(at, octets)) return;
		this.#deliverRun();
		if (this.#merger.begin(at, octets)) this.#runUnit = unit;
		else this.#write(unit, at, octets);
	}

	#deliverRun(): void {
		const { count, places, lengths } = this.#merger;
		const unit = this.#runUnit;
		if (count === 0 || unit === undefined) return;
		this.#merger.count = 0;
		this.#runUnit = undefined;
		const at = places[0] as number;
		if (count === 1) return this.#write(unit, at, lengths[0] as number);
		const device = this.#devices.get(unit);
		if (device === undefined) return;
		this.#merger.finish();
		const { isVersion4, headerOctets, segment, tcpOffset } = this.#merger;
		const { view, address } = this.#memory;
		view.setUint8(at - 10, needsChecksum);
		view.setUint8(at - 9, isVersion4 ? segmentKinds.tcp4 : segmentKinds.tcp6);
		view.setUint16(at - 8, headerOctets, true);
		view.setUint16(at - 6, segment, true);
		view.setUint16(at - 4, tcpOffset, true);
		view.setUint16(at - 2, tcpChecksumOffset, true);
		for (let index = 0; index < count; index++) {
			const before = index === 0 ? deviceHeader : 0;
			const vector = this.#vectorsAt + index * vectorOctets;
			const place = address + (places[index] as number) - before;
			view.setUint32(vector, place, true);
			view.setUint32(vector + 4, place / two32, true);
			view.setUint32(vector + 8, (lengths[index] as number) + before, true);
		}
		this.#calls.writev(device.descriptor, address + this.#vectorsAt, count);
	}

	#write(unit: string, at: number, octets: number): void {
		const device = this.#devices.get(unit);
		if (device === undefined) return;
		const { octets: memory, address } = this.#memory;
		memory.fill(0, at - deviceHeader, at);
		this.#calls.write(device.descriptor, address + at - deviceHeader, octets + deviceHeader);
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

/** Packets and octets of a device before the others have their turn. */
const batch = 64;
const batchOctets = 262_144;
/** Header of ESP and IV, and what a device wants before a packet. */
const headroomOctets = 64;
/** Padding and check value. */
const tailroomOctets = 128;
const maxPacketOctets = 65_536;
const largestRoom = headroomOctets + maxPacketOctets + tailroomOctets;
/** Packets that are merged to one. */
const maxVectors = 64;
const vectorOctets = 16;
const two32 = 0x1_0000_0000;
/** `struct virtio_net_hdr`. */
const deviceHeader = 10;
const needsChecksum = 1;
const segmentKinds = { none: 0, tcp4: 1, tcp6: 4 };
const withEcn = 0x80;
const tcpChecksumOffset = 16;
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
