/** A device of packets: what this host routes to it is read here, and what is written here arrives at this host. */
import type { Socket } from "node:net";
import type { Linux } from "#base/linux.ts";
import { readPackets } from "#esp/packet-descriptor-shell.ts";

export class TunDevice {
	readonly #socket: Socket;

	/** Opens the device of that name, making it when there is none; `onPacket` gets each packet, whose octets are used again. */
	static async open(linux: Linux, name: string, onPacket: (packet: Uint8Array) => void): Promise<TunDevice> {
		return new TunDevice(await readPackets(linux.openTun(name), `the device ${name}`, onPacket));
	}

	constructor(socket: Socket) {
		this.#socket = socket;
	}

	/** Hands a packet to this host. The octets are copied. */
	write(packet: Uint8Array): void {
		// A queue that is full drops packets, as a wire does.
		if (this.#socket.writableLength < maxQueuedOctets) this.#socket.write(Buffer.from(packet));
	}

	/** The device goes with it. */
	close(): void {
		this.#socket.destroy();
	}
}

const maxQueuedOctets = 1_048_576;
