/**
 * Packets of ESP on their way out: gathered to batches, each of which is one call of the kernel.
 *
 * Packets of one size that follow each other to one peer in UDP go as one message, which the kernel cuts up again (UDP_SEGMENT).
 *
 *     struct mmsghdr:  | name (8) | its octets (4) | 0 (4) | iovec (8) | count (8) | control (8) | its octets (8) | flags (4) | 0 (4) | sent (4) | 0 (4) |
 *     struct iovec:    | where (8) | octets (8) |
 *     struct cmsghdr:  | octets (8) | level (4) | type (4) | value, filled up to 8 |
 *
 * Source: sendmmsg(2), udp(7), ip(7), ipv6(7).
 */
import { constants } from "node:os";
import type { PacketCalls } from "#base/packet-calls-shell.ts";
import type { PacketMemory } from "#base/packet-memory.ts";
import type { MemoryPlan } from "#esp/memory-plan.ts";
import type { EspSocket, PacketPath } from "#esp/packet-path.ts";

export class EspSender {
	/** Packets that the kernel did not take. */
	lost = 0;
	readonly #calls: PacketCalls;
	readonly #memory: PacketMemory;
	/** Told of a path whose packet was too large for it although it may not be fragmented. */
	readonly #onTooLarge: (path: PacketPath) => void;
	readonly #headersAt: number;
	readonly #vectorsAt: number;
	readonly #controlAt: number;
	readonly #namesAt: number;
	#socket: EspSocket | undefined;
	#mayFragment = true;
	#packets = 0;
	/** One for each message; `#firsts` has the number of its first packet, and one more at the end. */
	readonly #paths: (PacketPath | undefined)[] = new Array(maxBatch).fill(undefined);
	readonly #firsts = new Uint32Array(maxBatch + 1);
	readonly #classes = new Uint8Array(maxBatch);
	#messages = 0;
	/** Of the last message. */
	#segment = 0;
	#total = 0;
	#flowLabel = 0;
	#isClosed = true;

	constructor(calls: PacketCalls, memory: PacketMemory, plan: MemoryPlan, onTooLarge: (path: PacketPath) => void) {
		this.#calls = calls;
		this.#memory = memory;
		this.#onTooLarge = onTooLarge;
		this.#headersAt = plan.take(maxBatch * headerOctets);
		this.#vectorsAt = plan.take(maxBatch * vectorOctets);
		this.#controlAt = plan.take(maxBatch * controlOctets);
		this.#namesAt = plan.take(maxBatch * nameOctets);
	}

	/** True while packets of the memory wait to be sent. */
	get isWaiting(): boolean {
		return this.#packets > 0;
	}

	/** Puts a packet into the batch. Its octets must stay until the next `flush`. */
	add(
		path: PacketPath,
		at: number,
		octets: number,
		trafficClass: number,
		flowLabel: number,
		mayFragment: boolean,
	): void {
		const { socket } = path;
		if (socket === undefined) {
			this.lost++;
			return;
		}
		if (socket !== this.#socket || mayFragment !== this.#mayFragment || this.#packets === maxBatch) {
			this.flush();
			this.#socket = socket;
			this.#mayFragment = mayFragment;
		}
		const { view, address } = this.#memory;
		const vector = this.#vectorsAt + this.#packets * vectorOctets;
		setAddress(view, vector, address + at);
		view.setUint32(vector + 8, octets, true);
		const last = this.#messages - 1;
		const isJoined =
			!this.#isClosed &&
			this.#paths[last] === path &&
			this.#classes[last] === trafficClass &&
			this.#flowLabel === flowLabel &&
			octets <= this.#segment &&
			this.#total + octets <= maxJoinedOctets;
		if (isJoined) {
			this.#total += octets;
			// Only the last may be shorter.
			this.#isClosed = octets < this.#segment;
		} else {
			this.#begin(path, trafficClass, flowLabel);
			this.#segment = octets;
			this.#total = octets;
			this.#isClosed = !socket.isEncapsulated || !path.mayJoin;
		}
		this.#packets++;
	}

	/** Sends what waits. */
	flush(): void {
		const socket = this.#socket;
		if (this.#packets === 0 || socket === undefined) return;
		if (socket.isFragmentable !== this.#mayFragment) {
			const { level, option } = fragmentation[socket.isIpv6 ? 6 : 4];
			this.#calls.setOption(socket.descriptor, level, option, this.#mayFragment ? alwaysFragment : neverFragment);
			socket.isFragmentable = this.#mayFragment;
		}
		this.#firsts[this.#messages] = this.#packets;
		for (let index = 0; index < this.#messages; index++) this.#complete(index, socket);
		let sent = 0;
		while (sent < this.#messages) {
			const result = this.#calls.sendmmsg(
				socket.descriptor,
				this.#memory.address + this.#headersAt + sent * headerOctets,
				this.#messages - sent,
				0,
			);
			if (result > 0) sent += result;
			else if (!this.#mayTryAgain(socket, sent)) sent++;
		}
		this.#packets = 0;
		this.#messages = 0;
		this.#isClosed = true;
	}

	#begin(path: PacketPath, trafficClass: number, flowLabel: number): void {
		const index = this.#messages++;
		this.#paths[index] = path;
		this.#firsts[index] = this.#packets;
		this.#classes[index] = trafficClass;
		this.#flowLabel = flowLabel;
		const { octets, view, address } = this.#memory;
		let nameAt = path.nameAt;
		if (path.socket?.isIpv6 === true) {
			nameAt = this.#namesAt + index * nameOctets;
			octets.copyWithin(nameAt, path.nameAt, path.nameAt + path.nameOctets);
			view.setUint32(nameAt + 4, flowLabel);
		}
		const header = this.#headersAt + index * headerOctets;
		setAddress(view, header, address + nameAt);
		view.setUint32(header + 8, path.nameOctets, true);
	}

	/** The rest of a header, now that it is known how many packets the message has. */
	#complete(index: number, { isIpv6 }: EspSocket): void {
		const { view, address } = this.#memory;
		const header = this.#headersAt + index * headerOctets;
		const first = this.#firsts[index] as number;
		const count = (this.#firsts[index + 1] as number) - first;
		setAddress(view, header + 16, address + this.#vectorsAt + first * vectorOctets);
		view.setUint32(header + 24, count, true);
		const control = this.#controlAt + index * controlOctets;
		let octets = 0;
		if (count > 1) {
			const segment = view.getUint32(this.#vectorsAt + first * vectorOctets + 8, true);
			view.setUint32(control, controlHeader + 2, true);
			view.setUint32(control + 8, solUdp, true);
			view.setUint32(control + 12, udpSegment, true);
			view.setUint16(control + 16, segment, true);
			octets = controlHeader + 8;
		}
		const trafficClass = this.#classes[index] as number;
		if (trafficClass !== 0) {
			const at = control + octets;
			const { level, option } = trafficClasses[isIpv6 ? 6 : 4];
			view.setUint32(at, controlHeader + 4, true);
			view.setUint32(at + 8, level, true);
			view.setUint32(at + 12, option, true);
			view.setUint32(at + 16, trafficClass, true);
			octets += controlHeader + 8;
		}
		setAddress(view, header + 32, octets === 0 ? 0 : address + control);
		view.setUint32(header + 40, octets, true);
	}

	/** Whether the message that failed is to be sent once more; when not, it is lost, as on a wire. */
	#mayTryAgain(socket: EspSocket, index: number): boolean {
		const error = this.#calls.failure();
		if (error === errors.EINTR) return true;
		const path = this.#paths[index] as PacketPath;
		const first = this.#firsts[index] as number;
		const count = (this.#firsts[index + 1] as number) - first;
		if (error === errors.EAGAIN || error === errors.ENOBUFS) {
			this.lost += count;
			return false;
		}
		if (count > 1) {
			path.mayJoin = false;
			this.#sendEach(socket, index, first, count);
			return false;
		}
		this.lost++;
		if (error === errors.EMSGSIZE && !this.#mayFragment) this.#onTooLarge(path);
		return false;
	}

	/** The packets of a message one by one: joined, they did not fit the path or the device. */
	#sendEach(socket: EspSocket, index: number, first: number, count: number): void {
		const { view, address } = this.#memory;
		const header = this.#headersAt + index * headerOctets;
		// Without the control message of the segments, which is the first.
		const others = view.getUint32(header + 40, true) - (controlHeader + 8);
		const control = this.#controlAt + index * controlOctets + controlHeader + 8;
		setAddress(view, header + 32, others === 0 ? 0 : address + control);
		view.setUint32(header + 40, others, true);
		view.setUint32(header + 24, 1, true);
		for (let packet = first; packet < first + count; packet++) {
			setAddress(view, header + 16, address + this.#vectorsAt + packet * vectorOctets);
			if (this.#calls.sendmmsg(socket.descriptor, address + header, 1, 0) > 0) continue;
			this.lost++;
			if (this.#calls.failure() === errors.EMSGSIZE && !this.#mayFragment)
				this.#onTooLarge(this.#paths[index] as PacketPath);
		}
	}
}

function setAddress(view: DataView, at: number, address: number): void {
	view.setUint32(at, address, true);
	view.setUint32(at + 4, address / two32, true);
}

const two32 = 0x1_0000_0000;
/** Messages and packets of a batch, and packets of a message: the kernel takes 64 segments. */
const maxBatch = 64;
/** What a datagram of UDP has room for. */
const maxJoinedOctets = 65_000;
const headerOctets = 64;
const vectorOctets = 16;
const controlOctets = 64;
const nameOctets = 32;
const controlHeader = 16;
const { errno: errors } = constants;
const solIp = 0;
const solIpv6 = 41;
const solUdp = 17;
const udpSegment = 103;
/** IP_TOS and IPV6_TCLASS. */
const trafficClasses = { 4: { level: solIp, option: 1 }, 6: { level: solIpv6, option: 67 } } as const;
/** IP_MTU_DISCOVER and IPV6_MTU_DISCOVER. */
const fragmentation = { 4: { level: solIp, option: 10 }, 6: { level: solIpv6, option: 23 } } as const;
/** IP_PMTUDISC_DONT and IP_PMTUDISC_DO. */
const alwaysFragment = 0;
const neverFragment = 2;
