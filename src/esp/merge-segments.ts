/**
 * Packets of one flow of TCP that follow each other, merged to one that the kernel takes at once (GRO).
 *
 * Only packets that differ in number and payload are merged, and only with a right checksum: otherwise what was damaged before it
 * entered the tunnel would get a right one. All have the payload of the first, but the last, which may have less.
 * Source: Linux, Documentation/networking/segmentation-offloads.rst.
 */
import type { PacketMemory } from "#base/packet-memory.ts";
import { pseudoSum, sumOf } from "#esp/internet-sum.ts";

export class SegmentMerger {
	/** Where the payload of each packet begins and how many octets it has; at 0 with the headers. */
	readonly places = new Uint32Array(maxSegments);
	readonly lengths = new Uint32Array(maxSegments);
	/** Packets of the run. */
	count = 0;
	/** Octets of the header of IP, and of both headers. */
	tcpOffset = 0;
	headerOctets = 0;
	/** Octets of payload of the first. */
	segment = 0;
	isVersion4 = true;
	readonly #octets: Uint8Array;
	readonly #view: DataView;
	#at = 0;
	#total = 0;
	#sequence = 0;
	#isClosed = true;

	constructor({ octets, view }: PacketMemory) {
		this.#octets = octets;
		this.#view = view;
	}

	/** Begins a run with a packet; false when nothing can be merged with it. */
	begin(at: number, octets: number): boolean {
		const headers = this.#headersOf(at, octets);
		if (headers === 0) return false;
		const tcp = at + this.tcpOffset;
		this.#at = at;
		this.headerOctets = headers;
		this.segment = octets - headers;
		this.places[0] = at;
		this.lengths[0] = octets;
		this.#total = octets;
		this.#sequence = (this.#view.getUint32(tcp + 4) + this.segment) >>> 0;
		this.#isClosed = ((this.#octets[tcp + 13] as number) & psh) !== 0;
		this.count = 1;
		return true;
	}

	/** Adds a packet to the run; false when it does not belong there. */
	append(at: number, octets: number): boolean {
		if (this.#isClosed || this.count === 0 || this.count === maxSegments || this.#total + octets > maxOctets)
			return false;
		const payload = octets - this.headerOctets;
		if (payload <= 0 || payload > this.segment || !this.#isNext(at, octets)) return false;
		if (this.count === 1 && !this.#isRight(this.#at, this.lengths[0] as number)) return false;
		if (!this.#isRight(at, octets)) return false;
		const flagsAt = this.tcpOffset + 13;
		const isPushed = ((this.#octets[at + flagsAt] as number) & psh) !== 0;
		if (isPushed) this.#octets[this.#at + flagsAt] = (this.#octets[this.#at + flagsAt] as number) | psh;
		this.places[this.count] = at + this.headerOctets;
		this.lengths[this.count] = payload;
		this.count++;
		this.#total += payload;
		this.#sequence = (this.#sequence + payload) >>> 0;
		this.#isClosed = isPushed || payload < this.segment;
		return true;
	}

	/** Makes the headers of the first packet those of all; the checksum of TCP is that of the pseudo-header, as the kernel wants it. */
	finish(): void {
		const view = this.#view;
		const at = this.#at;
		if (this.isVersion4) {
			view.setUint16(at + 2, this.#total);
			view.setUint16(at + 10, 0);
			view.setUint16(at + 10, ~sumOf(view, at, this.tcpOffset) & 0xffff);
		} else view.setUint16(at + 4, this.#total - ipv6Octets);
		const octets = this.#total - this.tcpOffset;
		view.setUint16(at + this.tcpOffset + 16, pseudoSum(view, at, this.isVersion4, octets));
	}

	/** Octets of both headers of a packet with payload that others may follow; 0 for any other. */
	#headersOf(at: number, octets: number): number {
		const memory = this.#octets;
		const first = memory[at] as number;
		if (first === 0x45) {
			// No fragment, and nothing behind the packet.
			if (octets < 40 || memory[at + 9] !== tcpProtocol || (this.#view.getUint16(at + 6) & 0x3fff) !== 0) return 0;
			if (this.#view.getUint16(at + 2) !== octets) return 0;
			this.isVersion4 = true;
			this.tcpOffset = 20;
		} else if (first >> 4 === 6) {
			if (octets < 60 || memory[at + 6] !== tcpProtocol) return 0;
			if (this.#view.getUint16(at + 4) + ipv6Octets !== octets) return 0;
			this.isVersion4 = false;
			this.tcpOffset = ipv6Octets;
		} else return 0;
		const tcp = at + this.tcpOffset;
		const headers = this.tcpOffset + ((memory[tcp + 12] as number) >> 4) * 4;
		if (headers < this.tcpOffset + 20 || headers >= octets) return 0;
		return ((memory[tcp + 13] as number) & ~psh) === ack ? headers : 0;
	}

	/** Whether a packet has the headers of the first, but for lengths, checksums and the next number. */
	#isNext(at: number, octets: number): boolean {
		const memory = this.#octets;
		const view = this.#view;
		const first = this.#at;
		const tcp = at + this.tcpOffset;
		const firstTcp = first + this.tcpOffset;
		// Versions, DS field and ECN or flow label.
		if (this.isVersion4) {
			if (view.getUint16(at) !== view.getUint16(first) || view.getUint16(at + 2) !== octets) return false;
			if (view.getUint32(at + 8) >>> 16 !== view.getUint32(first + 8) >>> 16) return false;
			const flags = view.getUint16(at + 6);
			if (flags !== view.getUint16(first + 6)) return false;
			// Whoever gets packets without the DF bit puts fragments together by this number.
			if (
				(flags & dontFragment) === 0 &&
				view.getUint16(at + 4) !== ((view.getUint16(first + 4) + this.count) & 0xffff)
			)
				return false;
			if (!this.#isSame(at + 12, first + 12, 8)) return false;
		} else {
			if (view.getUint32(at) !== view.getUint32(first) || view.getUint16(at + 4) + ipv6Octets !== octets) return false;
			if (view.getUint16(at + 6) !== view.getUint16(first + 6) || !this.#isSame(at + 8, first + 8, 32)) return false;
		}
		if (view.getUint32(tcp) !== view.getUint32(firstTcp) || view.getUint32(tcp + 4) !== this.#sequence) return false;
		if (((memory[tcp + 13] as number) & ~psh) !== ack || memory[tcp + 12] !== memory[firstTcp + 12]) return false;
		// Acknowledgement; window; options, with their times.
		if (view.getUint32(tcp + 8) !== view.getUint32(firstTcp + 8)) return false;
		if (view.getUint16(tcp + 14) !== view.getUint16(firstTcp + 14)) return false;
		return this.#isSame(tcp + 20, firstTcp + 20, this.headerOctets - this.tcpOffset - 20);
	}

	#isSame(at: number, other: number, octets: number): boolean {
		for (let index = 0; index < octets; index += 4)
			if (this.#view.getUint32(at + index) !== this.#view.getUint32(other + index)) return false;
		return true;
	}

	#isRight(at: number, octets: number): boolean {
		const tcpOctets = octets - this.tcpOffset;
		return (
			sumOf(this.#view, at + this.tcpOffset, tcpOctets, pseudoSum(this.#view, at, this.isVersion4, tcpOctets)) ===
			0xffff
		);
	}
}

const maxSegments = 64;
/** What the header of IP can say. */
const maxOctets = 65_535;
const tcpProtocol = 6;
const ipv6Octets = 40;
const dontFragment = 0x4000;
const ack = 0x10;
const psh = 0x08;
