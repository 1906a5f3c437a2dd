/**
 * A large packet of TCP as the kernel hands it over (TSO), cut into the packets that it stands for.
 *
 * Each has the headers of the whole with its own lengths, number and checksums; FIN and PSH go with the last, CWR with the first.
 * Source: Linux, Documentation/networking/segmentation-offloads.rst; RFC 9293 §3.1; RFC 3168 §6.1.2.
 */
import type { PacketMemory } from "#base/packet-memory.ts";
import { pseudoSum, sumOf } from "#esp/internet-sum.ts";

export class SegmentCutter {
	readonly #octets: Uint8Array;
	readonly #view: DataView;
	#at = 0;
	#end = 0;
	#isVersion4 = true;
	/** From the beginning of the packet. */
	#tcp = 0;
	#headers = 0;
	#segment = 0;
	/** Where the payload that is not cut yet begins. */
	#next = 0;
	#count = 0;

	constructor({ octets, view }: PacketMemory) {
		this.#octets = octets;
		this.#view = view;
	}

	/**
	 * Begins with the packet at `at`, whose header of TCP is `tcpOffset` octets behind; each of its parts has `segment` octets of
	 * payload. False when that is no such packet.
	 */
	begin(at: number, octets: number, tcpOffset: number, segment: number): boolean {
		const version = (this.#octets[at] as number) >> 4;
		const least = version === 4 ? 20 : 40;
		if (version !== 4 && version !== 6) return false;
		if (segment === 0 || tcpOffset < least || tcpOffset + 20 > octets) return false;
		const headers = tcpOffset + ((this.#octets[at + tcpOffset + 12] as number) >> 4) * 4;
		if (headers < tcpOffset + 20 || headers >= octets) return false;
		this.#isVersion4 = version === 4;
		this.#at = at;
		this.#end = at + octets;
		this.#tcp = tcpOffset;
		this.#headers = headers;
		this.#segment = segment;
		this.#next = at + headers;
		this.#count = 0;
		return true;
	}

	/** Octets of the next packet; 0 after the last. */
	get nextOctets(): number {
		const rest = this.#end - this.#next;
		return rest <= 0 ? 0 : this.#headers + Math.min(rest, this.#segment);
	}

	/** Writes the next packet to `to`, which must not lie within the whole one. */
	write(to: number): void {
		const octets = this.#octets;
		const view = this.#view;
		const total = this.nextOctets;
		const payload = total - this.#headers;
		const tcp = to + this.#tcp;
		octets.copyWithin(to, this.#at, this.#at + this.#headers);
		octets.copyWithin(to + this.#headers, this.#next, this.#next + payload);
		view.setUint32(tcp + 4, view.getUint32(tcp + 4) + this.#next - this.#at - this.#headers);
		this.#next += payload;
		if (this.#next < this.#end) octets[tcp + 13] = (octets[tcp + 13] as number) & ~(fin | psh);
		if (this.#count > 0) octets[tcp + 13] = (octets[tcp + 13] as number) & ~cwr;
		if (this.#isVersion4) {
			view.setUint16(to + 2, total);
			view.setUint16(to + 4, view.getUint16(to + 4) + this.#count);
			view.setUint16(to + 10, 0);
			view.setUint16(to + 10, ~sumOf(view, to, this.#tcp) & 0xffff);
		} else view.setUint16(to + 4, total - ipv6Octets);
		this.#count++;
		const octetsOfTcp = total - this.#tcp;
		view.setUint16(tcp + 16, 0);
		view.setUint16(
			tcp + 16,
			~sumOf(view, tcp, octetsOfTcp, pseudoSum(view, to, this.#isVersion4, octetsOfTcp)) & 0xffff,
		);
	}
}

/**
 * Completes the checksum of a packet whose pseudo-header alone is in it: from `start` on, to be put `offset` behind that. False
 * when that does not lie in the packet.
 */
export function completeChecksum(view: DataView, at: number, octets: number, start: number, offset: number): boolean {
	if (start + offset + 2 > octets) return false;
	const sum = ~sumOf(view, at + start, octets - start) & 0xffff;
	// To UDP 0 means that there is none; the other zero is the same number.
	view.setUint16(at + start + offset, sum === 0 ? 0xffff : sum);
	return true;
}

const fin = 0x01;
const psh = 0x08;
const cwr = 0x80;
const ipv6Octets = 40;
