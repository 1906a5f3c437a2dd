/** ESP as a protocol of its own (number 50), where no translation of addresses makes it go in UDP (RFC 4303 §2). */
import type { Socket } from "node:net";
import type { Address } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import { readPackets } from "#esp/packet-descriptor-shell.ts";

export class EspSocket {
	readonly #linux: Linux;
	readonly #descriptor: number;
	readonly #socket: Socket;

	/** Opens a socket at an address of this host; `onPacket` gets each packet without the header of IP; its octets are used again. */
	static async open(linux: Linux, local: Address, onPacket: (packet: Uint8Array) => void): Promise<EspSocket> {
		const isIpv4 = local.octets.length === 4;
		const descriptor = linux.rawSocket({ protocol: espProtocol, local });
		const socket = await readPackets(descriptor, "the socket of ESP", (packet) =>
			onPacket(isIpv4 ? packet.subarray(((packet[0] ?? 0) & 0x0f) * 4) : packet),
		);
		return new EspSocket(linux, descriptor, socket);
	}

	constructor(linux: Linux, descriptor: number, socket: Socket) {
		this.#linux = linux;
		this.#descriptor = descriptor;
		this.#socket = socket;
	}

	/** Sends a packet; what cannot be sent is lost, as on a wire. */
	send(packet: Uint8Array, remote: Address): void {
		if (!this.#socket.destroyed) this.#linux.sendRaw(this.#descriptor, packet, remote);
	}

	close(): void {
		this.#socket.destroy();
	}
}

const espProtocol = 50;
