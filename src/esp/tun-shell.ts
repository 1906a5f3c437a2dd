/**
 * A device of packets: what this host routes to it is read here, and what is written here arrives at this host.
 *
 * The descriptor is made by `Linux.openTun` without waiting, and a pipe of libuv waits for it, as `net.Socket` takes no
 * descriptor of this kind.
 */
import { createServer, Socket } from "node:net";
import type { Linux } from "#base/linux.ts";

/** A libuv pipe, which can be opened on a descriptor. */
interface PipeHandle {
	open(descriptor: number): number;
}

export class TunDevice {
	readonly #socket: Socket;

	/** Opens the device of that name, making it when there is none; `onPacket` gets each packet, whose octets are used again. */
	static async open(linux: Linux, name: string, onPacket: (packet: Uint8Array) => void): Promise<TunDevice> {
		const Pipe = await pipeClass();
		const handle = new Pipe(0);
		const failed = handle.open(linux.openTun(name));
		if (failed !== 0) throw new Error(`the device ${name} cannot be waited for: error ${failed}`);
		return new TunDevice(handle, onPacket);
	}

	constructor(handle: PipeHandle, onPacket: (packet: Uint8Array) => void) {
		const onread = {
			buffer: Buffer.alloc(maxPacketOctets),
			// One read of the descriptor is one packet.
			callback(octets: number, buffer: Uint8Array): boolean {
				onPacket(buffer.subarray(0, octets));
				return true;
			},
		};
		this.#socket = new Socket({ handle, onread } as never);
		// A device that goes away ends the socket; there is nothing left to send to.
		this.#socket.on("error", () => {});
		this.#socket.resume();
	}

	/** Hands a packet to this host. The octets are copied. */
	write(packet: Uint8Array): void {
		// A queue that is full drops packets, as a wire does.
		if (this.#socket.writableLength < maxQueuedOctets) this.#socket.write(Buffer.from(packet));
	}

	close(): void {
		this.#socket.destroy();
	}
}

/** The class behind a listening pipe: Node has no other way to it. */
function pipeClass(): Promise<new (kind: number) => PipeHandle> {
	const { promise, resolve, reject } = Promise.withResolvers<new (kind: number) => PipeHandle>();
	const server = createServer();
	server.on("error", reject);
	server.listen(`\0tun-${process.pid}-${performance.now()}`, () => {
		const { _handle: handle } = server as unknown as { readonly _handle: { readonly constructor: unknown } };
		server.close(() => resolve(handle.constructor as new (kind: number) => PipeHandle));
	});
	return promise;
}

const maxPacketOctets = 65_536;
const maxQueuedOctets = 1_048_576;
