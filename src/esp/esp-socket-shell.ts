/** ESP as a protocol of its own (number 50), where no translation of addresses makes it go in UDP (RFC 4303 §2). */
import type { Socket } from "node:net";
import type { Address } from "#base/address.ts";
import type { Linux, PacketHeader } from "#base/linux.ts";
import { readPackets } from "#esp/packet-descriptor-shell.ts";

/**
 * Gets each packet without the header of IP, and that header's DS field and ECN, which the kernel shows of IPv4 alone. The
 * octets are used again.
 */
export type EspReceiver = (packet: Uint8Array, trafficClass: number | undefined) => void;

export class EspSocket {
	readonly #linux: Linux;
	readonly #descriptor: number;
	readonly #socket: Socket;

	/** Opens a socket at an address of this host. */
	static async open(linux: Linux, local: Address, onPacket: EspReceiver): Promise<EspSocket> {
		const isIpv4 = local.octets.length === 4;
		const descriptor = linux.rawSocket({ protocol: espProtocol, local });
		const socket = await readPackets(descriptor, "the socket of ESP", (packet) =>
			isIpv4 ? onPacket(packet.subarray(((packet[0] ?? 0) & 0x0f) * 4), packet[1] ?? 0) : onPacket(packet, undefined),
		);
		return new EspSocket(linux, descriptor, socket);
	}

	constructor(linux: Linux, descriptor: number, socket: Socket) {
		this.#linux = linux;
		this.#descriptor = descriptor;
		this.#socket = socket;
	}

	/** Sends a packet; what cannot be sent is lost, as on a wire. False when it is too large for the path and may not be fragmented. */
	send(packet: Uint8Array, remote: Address, header: PacketHeader): boolean {
		if (this.#socket.destroyed) return true;
		return this.#linux.sendPacket(this.#descriptor, packet, { address: remote, port: 0 }, header) !== "too-large";
	}

	close(): void {
		this.#socket.destroy();
	}
}

const espProtocol = 50;
