/**
 * The calls of Linux that carry packets: many at a time, on memory that never moves, without an object for each.
 *
 * Each answers -1 when it fails, and `failure` then says why. A call costs about 0.1 microseconds beside what the kernel does.
 * Source: recvmmsg(2), sendmmsg(2), epoll(7), eventfd(2).
 */
import { endianness } from "node:os";
import type { PacketMemory } from "#base/packet-memory.ts";

/** Addresses are those of `PacketMemory`. */
export interface PacketCalls {
	/** Memory of that size, for as long as the thread lives. */
	memory(octets: number): PacketMemory;
	read(descriptor: number, address: number, octets: number): number;
	write(descriptor: number, address: number, octets: number): number;
	/** `address`: of an array of `struct iovec`. */
	writev(descriptor: number, address: number, count: number): number;
	/** `address`: of an array of `struct mmsghdr`. */
	recvmmsg(descriptor: number, address: number, count: number, flags: number): number;
	sendmmsg(descriptor: number, address: number, count: number, flags: number): number;
	/** Sets an option that is a number. */
	setOption(descriptor: number, level: number, option: number, value: number): number;
	epollCreate(): number;
	epollControl(epoll: number, operation: number, descriptor: number, address: number): number;
	epollWait(epoll: number, address: number, count: number, timeoutMs: number): number;
	close(descriptor: number): number;
	/** The number of the error of the call that failed last. */
	failure(): number;
}

/** Rejects when the C library cannot be called, and on a machine whose numbers are the other way round. */
export async function openPacketCalls(): Promise<PacketCalls> {
	if (endianness() !== "LE") throw new Error("packets are carried on machines of little-endian numbers only");
	const { default: koffi } = await import("koffi");
	const libc = koffi.load("libc.so.6");
	const recvmmsg = libc.func("int recvmmsg(int, uint64_t, uint32_t, int, uint64_t)");
	const setsockopt = libc.func("int setsockopt(int, int, int, void *, uint32_t)");
	const epollCreate = libc.func("int epoll_create1(int)");
	return {
		memory(size) {
			const buffer = new SharedArrayBuffer(size);
			const octets = new Uint8Array(buffer);
			return { octets, view: new DataView(buffer), address: Number(koffi.address(octets)) };
		},
		read: libc.func("intptr_t read(int, uint64_t, size_t)"),
		write: libc.func("intptr_t write(int, uint64_t, size_t)"),
		writev: libc.func("intptr_t writev(int, uint64_t, int)"),
		recvmmsg: (descriptor, address, count, flags) => recvmmsg(descriptor, address, count, flags, 0),
		sendmmsg: libc.func("int sendmmsg(int, uint64_t, uint32_t, int)"),
		setOption: (descriptor, level, option, value) => setsockopt(descriptor, level, option, Int32Array.of(value), 4),
		epollCreate: () => epollCreate(closeOnExec),
		epollControl: libc.func("int epoll_ctl(int, int, int, uint64_t)"),
		epollWait: libc.func("int epoll_wait(int, uint64_t, int, int)"),
		close: libc.func("int close(int)"),
		failure: () => koffi.errno(),
	};
}

/** EPOLL_CLOEXEC. */
const closeOnExec = 0o2_000_000;
