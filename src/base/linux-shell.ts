/**
 * Calls of Linux that Node does not offer, through the C library.
 *
 * The library behind it (`koffi`) is loaded by `openLinux` and nowhere else: a process that never asks never loads it.
 * A call costs about a microsecond: for what is set up once, not per packet or chunk.
 */
import { endianness } from "node:os";
import { credentialsOctets, type Linux, readPeerCredentials, tunRequest } from "#base/linux.ts";

/** Rejects with an `Error` that says what is missing when the C library cannot be called. */
export async function openLinux(): Promise<Linux> {
	try {
		const { default: koffi } = await import("koffi");
		const libc = koffi.load("libc.so.6");
		const getsockopt = libc.func("int getsockopt(int, int, int, void *, void *)");
		const open = libc.func("int open(const char *, int)");
		const close = libc.func("int close(int)");
		const ioctl = libc.func("int ioctl(int, ulong, void *)");
		const failed = (call: string): Error => new Error(`${call} failed: ${nameOf(koffi.os.errno, koffi.errno())}`);
		return {
			peerCredentials(descriptor) {
				const octets = new Uint8Array(credentialsOctets);
				const length = Uint32Array.of(octets.length);
				if (getsockopt(descriptor, solSocket, soPeerCredentials, octets, length) !== 0)
					throw failed("getsockopt SO_PEERCRED");
				const found = readPeerCredentials(octets.subarray(0, length[0]), endianness() === "LE");
				if (found === undefined) throw new Error(`getsockopt SO_PEERCRED gave ${length[0]} octets; expected 12`);
				return found;
			},
			openTun(name) {
				const request = tunRequest(name, endianness() === "LE");
				if (request === undefined) throw new Error(`no device can be called ${name}; expected up to 15 characters`);
				const descriptor = open("/dev/net/tun", openForPackets);
				if (descriptor < 0) throw failed("open /dev/net/tun");
				if (ioctl(descriptor, tunSetInterface, request) >= 0) return descriptor;
				const error = failed(`ioctl TUNSETIFF ${name}`);
				close(descriptor);
				throw error;
			},
		};
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new Error(
			`the C library cannot be called: ${reason}; expected the package koffi with @koromix/koffi-linux-x64 or -arm64; npm ci installs it`,
		);
	}
}

function nameOf(errors: Readonly<Record<string, number>>, code: number): string {
	return Object.entries(errors).find(([, one]) => one === code)?.[0] ?? `error ${code}`;
}

/** The numbers are those of x64 and arm64. */
const solSocket = 1;
const soPeerCredentials = 17;
const tunSetInterface = 0x4004_54ca;
/** O_RDWR, O_NONBLOCK and O_CLOEXEC. */
const openForPackets = 0o2004002;
