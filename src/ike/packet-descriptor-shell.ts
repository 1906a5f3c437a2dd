/**
 * Descriptors that give one packet a read and take one a write: devices of packets and raw sockets.
 *
 * A pipe of libuv waits for them, as `net.Socket` takes no descriptor of these kinds.
 */
import { createServer, Socket } from "node:net";

/** A libuv pipe, which can be opened on a descriptor. */
interface PipeHandle {
	open(descriptor: number): number;
}

/**
 * Reads packets of a descriptor that does not wait, and owns it from then on; `onPacket` gets each, whose octets are used
 * again. `name` is for the error.
 */
export async function readPackets(
	descriptor: number,
	name: string,
	onPacket: (packet: Uint8Array) => void,
): Promise<Socket> {
	const Pipe = await pipeClass();
	const handle = new Pipe(0);
	const failed = handle.open(descriptor);
	if (failed !== 0) throw new Error(`${name} cannot be waited for: error ${failed}`);
	const onread = {
		buffer: Buffer.alloc(maxPacketOctets),
		// One read of the descriptor is one packet.
		callback(octets: number, buffer: Uint8Array): boolean {
			onPacket(buffer.subarray(0, octets));
			return true;
		},
	};
	const socket = new Socket({ handle, onread } as never);
	// A device that goes away ends the socket; there is nothing left to send to.
	socket.on("error", () => {});
	socket.resume();
	return socket;
}

/** The class behind a listening pipe: Node has no other way to it. */
function pipeClass(): Promise<new (kind: number) => PipeHandle> {
	const { promise, resolve, reject } = Promise.withResolvers<new (kind: number) => PipeHandle>();
	const server = createServer();
	server.on("error", reject);
	server.listen(`\0packets-${process.pid}-${performance.now()}`, () => {
		const { _handle: handle } = server as unknown as { readonly _handle: { readonly constructor: unknown } };
		server.close(() => resolve(handle.constructor as new (kind: number) => PipeHandle));
	});
	return promise;
}

const maxPacketOctets = 65_536;
