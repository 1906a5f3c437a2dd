/** What of a packet inside a tunnel decides which tunnel it belongs to: addresses, protocol, ports (RFC 4301 §4.4.1.1). */
import { u16 } from "#esp/header-words.ts";

/**
 * The headers of one packet after the other: read into the same fields, as there is no object for each packet.
 *
 * Places count from the beginning of the memory that the packet lies in.
 */
export class InnerPacket {
	version: 4 | 6 = 4;
	sourceAt = 0;
	destinationAt = 0;
	/** 4 or 16. */
	addressOctets = 4;
	/** The protocol behind the headers of IP. */
	protocol = 0;
	/** Where that begins. */
	payloadAt = 0;
	/** 0 where there are none, or where a later fragment does not show them. */
	sourcePort = 0;
	destinationPort = 0;
	/** Octets of the packet by its own header: what follows was padded to hide the length. */
	octets = 0;
	/** Part of a larger packet, whichever. */
	isFragment = false;

	/**
	 * Reads the headers of the whole packet that begins at `at`; false for another version and lengths that do not fit.
	 *
	 * Bounds: at most 16 extension headers.
	 */
	read(memory: Uint8Array, at: number, available: number): boolean {
		if (available < 20) return false;
		const version = (memory[at] as number) >> 4;
		if (version === 4) return this.#readVersion4(memory, at, available);
		if (version === 6) return this.#readVersion6(memory, at, available);
		return false;
	}

	/** True when it goes to a group, or to all. */
	isToGroup(memory: Uint8Array): boolean {
		const first = memory[this.destinationAt] as number;
		return this.version === 4 ? first >= 224 : first === 0xff;
	}

	#readVersion4(memory: Uint8Array, at: number, available: number): boolean {
		const headerOctets = ((memory[at] as number) & 0x0f) * 4;
		const octets = u16(memory, at + 2);
		if (headerOctets < 20 || octets < headerOctets || octets > available) return false;
		const fragment = u16(memory, at + 6);
		this.version = 4;
		this.sourceAt = at + 12;
		this.destinationAt = at + 16;
		this.addressOctets = 4;
		this.protocol = memory[at + 9] as number;
		this.octets = octets;
		this.isFragment = (fragment & 0x3fff) !== 0;
		this.#readPorts(memory, at + headerOctets, at + octets, (fragment & 0x1fff) !== 0);
		return true;
	}

	#readVersion6(memory: Uint8Array, at: number, available: number): boolean {
		const octets = u16(memory, at + 4) + 40;
		if (available < 40 || octets > available) return false;
		const end = at + octets;
		let protocol = memory[at + 6] as number;
		let place = at + 40;
		let isFragment = false;
		let isLater = false;
		for (let count = 0; isExtension(protocol) && !isLater; count++) {
			if (count === maxExtensionHeaders || place + 8 > end) return false;
			const next = memory[place] as number;
			if (protocol === fragmentHeader) {
				isFragment = true;
				isLater = (u16(memory, place + 2) & 0xfff8) !== 0;
				place += 8;
			} else place += ((memory[place + 1] as number) + 1) * 8;
			protocol = next;
		}
		this.version = 6;
		this.sourceAt = at + 8;
		this.destinationAt = at + 24;
		this.addressOctets = 16;
		this.protocol = protocol;
		this.octets = octets;
		this.isFragment = isFragment;
		this.#readPorts(memory, place, end, isLater);
		return true;
	}

	#readPorts(memory: Uint8Array, at: number, end: number, isLaterFragment: boolean): void {
		const hasPorts = !isLaterFragment && at + 4 <= end && carriesPorts(this.protocol);
		this.payloadAt = at;
		this.sourcePort = hasPorts ? u16(memory, at) : 0;
		this.destinationPort = hasPorts ? u16(memory, at + 2) : 0;
	}
}

/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
function carriesPorts(protocol: number): boolean {
	return protocol === 6 || protocol === 17 || protocol === 33 || protocol === 132 || protocol === 136;
}

/** Hop-by-hop, routing, fragment, destination options. */
function isExtension(protocol: number): boolean {
	return protocol === 0 || protocol === 43 || protocol === fragmentHeader || protocol === 60;
}

const fragmentHeader = 44;
const maxExtensionHeaders = 16;
