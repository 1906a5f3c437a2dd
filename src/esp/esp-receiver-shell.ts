/**
 * Packets of ESP that came in: many with one call of the kernel, which may have put several of one sender together (UDP_GRO).
 *
 * Source: recvmmsg(2), udp(7), ip(7), ipv6(7).
 */
import type { PacketCalls } from "#base/packet-calls-shell.ts";
import type { PacketMemory } from "#base/packet-memory.ts";
import type { MemoryPlan } from "#esp/memory-plan.ts";
import type { EspSocket } from "#esp/packet-path.ts";

/** Gets each packet where it lies, without headers of IP and UDP, and the DS field and ECN of the header of IP. */
export type EspReceiver = (at: number, octets: number, trafficClass: number) => void;

export class EspPacketReceiver {
	readonly #calls: PacketCalls;
	readonly #memory: PacketMemory;
	readonly #headersAt: number;
	readonly #controlAt: number;
	readonly #buffersAt: number;
	/** Headers whose room for control messages the kernel has changed. */
	#used = messages;

	constructor(calls: PacketCalls, memory: PacketMemory, plan: MemoryPlan) {
		this.#calls = calls;
		this.#memory = memory;
		this.#headersAt = plan.take(messages * headerOctets);
		const vectorsAt = plan.take(messages * vectorOctets);
		this.#controlAt = plan.take(messages * controlOctets);
		this.#buffersAt = plan.take(messages * bufferOctets);
		const { view, address } = memory;
		for (let index = 0; index < messages; index++) {
			const vector = vectorsAt + index * vectorOctets;
			view.setBigUint64(vector, BigInt(address + this.#buffersAt + index * bufferOctets + headroomOctets), true);
			view.setUint32(vector + 8, largestOctets, true);
			const header = this.#headersAt + index * headerOctets;
			view.setBigUint64(header + 16, BigInt(address + vector), true);
			view.setUint32(header + 24, 1, true);
			view.setBigUint64(header + 32, BigInt(address + this.#controlAt + index * controlOctets), true);
		}
	}

	/** Asks that a socket tells what is needed of its packets. Where it cannot, packets come one by one, and without congestion marks. */
	prepare({ descriptor, isIpv6, isEncapsulated }: EspSocket): void {
		this.#calls.setOption(descriptor, isIpv6 ? solIpv6 : solIp, isIpv6 ? receiveClass6 : receiveClass4, 1);
		if (isEncapsulated) this.#calls.setOption(descriptor, solUdp, udpGro, 1);
	}

	/** Reads what a socket has, up to one call; true when there may be more. */
	receive(socket: EspSocket, onPacket: EspReceiver): boolean {
		const { view, address } = this.#memory;
		for (let index = 0; index < this.#used; index++)
			view.setUint32(this.#headersAt + index * headerOctets + 40, controlOctets, true);
		const count = this.#calls.recvmmsg(socket.descriptor, address + this.#headersAt, messages, dontWait);
		this.#used = Math.max(0, count);
		for (let index = 0; index < count; index++) this.#take(index, socket, onPacket);
		return count === messages;
	}

	#take(index: number, { isEncapsulated, isIpv6 }: EspSocket, onPacket: EspReceiver): void {
		const { octets, view } = this.#memory;
		const header = this.#headersAt + index * headerOctets;
		const total = view.getUint32(header + 56, true);
		const at = this.#buffersAt + index * bufferOctets + headroomOctets;
		if (!isEncapsulated && !isIpv6) {
			// A raw socket of IPv4 shows the header of IP.
			const ip = ((octets[at] as number) & 0x0f) * 4;
			return onPacket(at + ip, total - ip, octets[at + 1] as number);
		}
		let segment = total;
		let trafficClass = 0;
		let control = this.#controlAt + index * controlOctets;
		const end = control + Math.min(controlOctets, view.getUint32(header + 40, true));
		while (control + controlHeader < end) {
			const length = view.getUint32(control, true);
			const level = view.getUint32(control + 8, true);
			const type = view.getUint32(control + 12, true);
			if (level === solUdp && type === udpGro) segment = view.getUint32(control + 16, true);
			else if ((level === solIp && type === class4) || (level === solIpv6 && type === class6))
				trafficClass = octets[control + 16] as number;
			if (length < controlHeader) break;
			control += (length + 7) & ~7;
		}
		if (segment === 0) segment = total;
		for (let place = 0; place < total; place += segment)
			onPacket(at + place, Math.min(segment, total - place), trafficClass);
	}
}

const messages = 32;
const headerOctets = 64;
const vectorOctets = 16;
const controlOctets = 64;
const controlHeader = 16;
/** Before each packet: what is written in front of one that is handed to a device. */
const headroomOctets = 64;
const largestOctets = 65_536;
const bufferOctets = headroomOctets + largestOctets;
const dontWait = 0x40;
const solIp = 0;
const solIpv6 = 41;
const solUdp = 17;
const udpGro = 104;
/** IP_TOS and IPV6_TCLASS; IP_RECVTOS and IPV6_RECVTCLASS. */
const class4 = 1;
const class6 = 67;
const receiveClass4 = 13;
const receiveClass6 = 66;
