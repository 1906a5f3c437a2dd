/**
 * Moves what a socket receives in bulk to another, through one large buffer that is used again and again: it costs about
 * half of what `data` events cost, each of which brings new memory of 64 KiB.
 *
 * `net.Socket` can do so only when told at its making (`onread`), when nobody knows yet whether a session will be a bulk
 * one. So this sets on a socket that is there what `onread` would have set.
 *
 * Bounds: one buffer for each direction that is read so, and at most `maxBuffers` of them in a process.
 */
import { Socket } from "node:net";

/**
 * From now on reads `from` in bulk and writes to `to`; `count` is told the octets of each read, before they are written, and
 * answers whether they are to be. Octets that were received before are still given by `data`. False when nothing was
 * changed: too many are read so, or this runtime has no such thing.
 */
export function readInBulk(from: Socket, to: Socket, count: (octets: number) => boolean): boolean {
	const handle = (from as WithHandle)._handle;
	if (symbols === undefined || handle?.useUserBuffer === undefined || buffersInUse >= maxBuffers) return false;
	buffersInUse++;
	from.once("close", () => {
		buffersInUse--;
	});
	const buffer = Buffer.allocUnsafeSlow(bufferOctets);
	let isWaiting = false;
	const written = () => {
		if (!isWaiting || to.writableLength > 0) return;
		isWaiting = false;
		from.resume();
	};
	const received = (octets: number): boolean => {
		if (!count(octets)) return true;
		to.write(octets === buffer.length ? buffer : buffer.subarray(0, octets), written);
		// The write still needs the buffer; mostly the system has taken it all.
		isWaiting = to.writableLength > 0;
		return !isWaiting;
	};
	Object.assign(from, { [symbols.buffer]: buffer, [symbols.callback]: received, [symbols.next]: null });
	handle.useUserBuffer(buffer);
	return true;
}

type WithHandle = Socket & { readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null };

/** Where `net.Socket` keeps what `onread` says. */
function socketSymbols(): { buffer: symbol; callback: symbol; next: symbol } | undefined {
	const probe = new Socket({ onread: { buffer: Buffer.alloc(1), callback: () => true } } as never);
	const named = (name: string) => Object.getOwnPropertySymbols(probe).find((symbol) => symbol.description === name);
	const [buffer, callback, next] = [named("kBuffer"), named("kBufferCb"), named("kBufferGen")];
	probe.destroy();
	if (buffer === undefined || callback === undefined || next === undefined) return undefined;
	return { buffer, callback, next };
}

const symbols = socketSymbols();
let buffersInUse = 0;
const bufferOctets = 262_144;
const maxBuffers = 128;
