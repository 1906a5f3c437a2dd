/**
 * Calls of Linux that Node does not offer, through the C library.
 *
 * The library behind it (`koffi`) is loaded by `openLinux` and nowhere else: a process that never asks never loads it.
 * A call costs about a microsecond: for what is set up once, and for packets of raw sockets, which Node cannot send.
 */
import { endianness } from "node:os";
import {
	credentialsOctets,
	type Linux,
	LinuxError,
	type ListeningSocket,
	type OutgoingSocket,
	type RawSocket,
	readPeerCredentials,
	tunRequest,
} from "#base/linux.ts";
import { decodeSocketAddress, encodeSocketAddress } from "#base/socket-address.ts";

/** Rejects with an `Error` that says what is missing when the C library cannot be called. */
export async function openLinux(): Promise<Linux> {
	try {
		const { default: koffi } = await import("koffi");
		const libc = koffi.load("libc.so.6");
		const { errno } = koffi.os;
		const names = new Map(Object.entries(errno).map(([name, code]) => [code, name]));
		const lastError = () => names.get(koffi.errno()) ?? `error ${koffi.errno()}`;
		return linuxOf({
			getsockopt: libc.func("int getsockopt(int, int, int, void *, void *)"),
			setsockopt: libc.func("int setsockopt(int, int, int, void *, uint32_t)"),
			socket: libc.func("int socket(int, int, int)"),
			bind: libc.func("int bind(int, void *, uint32_t)"),
			sendto: libc.func("long sendto(int, void *, size_t, int, void *, uint32_t)"),
			listen: libc.func("int listen(int, int)"),
			open: libc.func("int open(const char *, int)"),
			ioctl: libc.func("int ioctl(int, ulong, void *)"),
			close: libc.func("int close(int)"),
			send: libc.func("intptr_t send(int, void *, size_t, int)"),
			recv: libc.func("intptr_t recv(int, void *, size_t, int)"),
			lastError,
		});
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new Error(
			`the C library cannot be called: ${reason}; expected the package koffi with @koromix/koffi-linux-x64 or -arm64; npm ci installs it`,
		);
	}
}

/** Functions of the C library that answer -1 when they fail. */
interface CLibrary {
	getsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: Uint32Array): number;
	setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
	socket(domain: number, type: number, protocol: number): number;
	bind(descriptor: number, address: Uint8Array, length: number): number;
	sendto(
		descriptor: number,
		packet: Uint8Array,
		octets: number,
		flags: number,
		address: Uint8Array,
		length: number,
	): number;
	listen(descriptor: number, backlog: number): number;
	open(path: string, flags: number): number;
	ioctl(descriptor: number, request: number, value: Uint8Array): number;
	close(descriptor: number): number;
	send(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
	recv(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
	/** The name of the error of the call that failed last. */
	lastError(): string;
}

function linuxOf(libc: CLibrary): Linux {
	const isLittleEndian = endianness() === "LE";
	const check = (call: string, result: number): number => {
		if (result === -1) throw new LinuxError(call, libc.lastError());
		return result;
	};
	const set = (descriptor: number, [name, level, option]: SocketOption, value = 1) =>
		check(`setsockopt ${name}`, libc.setsockopt(descriptor, level, option, Int32Array.of(value), 4));

	/** A descriptor that is not left behind when what is done with it fails. */
	const keep = (descriptor: number, prepare: (descriptor: number) => void): number => {
		try {
			prepare(descriptor);
			return descriptor;
		} catch (error) {
			libc.close(descriptor);
			throw error;
		}
	};
	const open = (family: 4 | 6, prepare: (descriptor: number) => void): number => {
		const type = sockStream | sockNonblock | sockCloexec;
		return keep(check("socket", libc.socket(family === 4 ? afInet : afInet6, type, 0)), prepare);
	};
	const bind = (descriptor: number, octets: Uint8Array) => check("bind", libc.bind(descriptor, octets, octets.length));

	return {
		peerCredentials(descriptor) {
			const octets = new Uint8Array(credentialsOctets);
			const length = Uint32Array.of(octets.length);
			check("getsockopt SO_PEERCRED", libc.getsockopt(descriptor, solSocket, soPeerCredentials, octets, length));
			const found = readPeerCredentials(octets.subarray(0, length[0]), isLittleEndian);
			if (found === undefined) throw new Error(`getsockopt SO_PEERCRED gave ${length[0]} octets; expected 12`);
			return found;
		},
		openTun(name) {
			const request = tunRequest(name, isLittleEndian);
			if (request === undefined) throw new Error(`no device can be called ${name}; expected up to 15 characters`);
			return keep(check("open /dev/net/tun", libc.open("/dev/net/tun", openForPackets)), (descriptor) =>
				check(`ioctl TUNSETIFF ${name}`, libc.ioctl(descriptor, tunSetInterface, request)),
			);
		},
		rawSocket({ protocol, local }: RawSocket) {
			const family = local.octets.length === 4 ? afInet : afInet6;
			const type = sockRaw | sockNonblock | sockCloexec;
			return keep(check("socket", libc.socket(family, type, protocol)), (descriptor) =>
				bind(descriptor, encodeSocketAddress({ address: local, port: 0 }, isLittleEndian)),
			);
		},
		sendRaw(descriptor, packet, remote) {
			const to = encodeSocketAddress({ address: remote, port: 0 }, isLittleEndian);
			return libc.sendto(descriptor, packet, packet.length, 0, to, to.length) === packet.length;
		},
		listeningSocket({ address, port, isTransparent, isShared, backlog }: ListeningSocket) {
			const family = address.octets.length === 4 ? 4 : 6;
			return open(family, (descriptor) => {
				set(descriptor, options.reuseAddress);
				if (isShared) set(descriptor, options.reusePort);
				if (family === 6) set(descriptor, options.ipv6Only);
				if (isTransparent) set(descriptor, family === 4 ? options.transparent : options.transparent6);
				bind(descriptor, encodeSocketAddress({ address, port }, isLittleEndian));
				check("listen", libc.listen(descriptor, backlog));
			});
		},
		outgoingSocket({ family, mark, source }: OutgoingSocket) {
			return open(family, (descriptor) => {
				if (mark !== undefined) set(descriptor, options.mark, mark);
				if (source === undefined) return;
				set(descriptor, family === 4 ? options.transparent : options.transparent6);
				// Else each port would serve one connection from that address, whatever the server.
				set(descriptor, options.bindNoPort);
				bind(descriptor, encodeSocketAddress({ address: source, port: 0 }, isLittleEndian));
			});
		},
		originalDestination(descriptor, family) {
			const octets = new Uint8Array(28);
			const length = Uint32Array.of(octets.length);
			const level = family === 4 ? solIp : solIpv6;
			if (libc.getsockopt(descriptor, level, soOriginalDestination, octets, length) === -1) {
				const code = libc.lastError();
				if (code === "ENOENT" || code === "ENOPROTOOPT") return undefined;
				throw new LinuxError("getsockopt SO_ORIGINAL_DST", code);
			}
			return decodeSocketAddress(octets.subarray(0, length[0]), isLittleEndian);
		},
		openNetfilter() {
			const type = sockRaw | sockNonblock | sockCloexec;
			return keep(check("socket AF_NETLINK", libc.socket(afNetlink, type, netlinkNetfilter)), (descriptor) => {
				// The kernel gives the address.
				const own = new Uint8Array(12);
				own[isLittleEndian ? 0 : 1] = afNetlink;
				bind(descriptor, own);
			});
		},
		send(descriptor, octets) {
			check("send", libc.send(descriptor, octets, octets.length, 0));
		},
		receive(descriptor, into) {
			const octets = libc.recv(descriptor, into, into.length, 0);
			if (octets >= 0) return octets;
			const code = libc.lastError();
			if (code === "EAGAIN" || code === "EWOULDBLOCK") return undefined;
			if (code === "ENOBUFS") return "lost";
			throw new LinuxError("recv", code);
		},
		close(descriptor) {
			libc.close(descriptor);
		},
	};
}

type SocketOption = readonly [name: string, level: number, option: number];

/** The numbers are those of x64 and arm64. */
const afInet = 2;
const afInet6 = 10;
const afNetlink = 16;
const netlinkNetfilter = 12;
const sockStream = 1;
const sockRaw = 3;
const sockNonblock = 0o4_000;
const sockCloexec = 0o2_000_000;
const solIp = 0;
const solSocket = 1;
const solIpv6 = 41;
const soPeerCredentials = 17;
const tunSetInterface = 0x4004_54ca;
/** O_RDWR, O_NONBLOCK and O_CLOEXEC. */
const openForPackets = 0o2004002;
/** The same number for IP and IPv6. */
const soOriginalDestination = 80;
const options = {
	reuseAddress: ["SO_REUSEADDR", solSocket, 2],
	reusePort: ["SO_REUSEPORT", solSocket, 15],
	mark: ["SO_MARK", solSocket, 36],
	transparent: ["IP_TRANSPARENT", solIp, 19],
	bindNoPort: ["IP_BIND_ADDRESS_NO_PORT", solIp, 24],
	transparent6: ["IPV6_TRANSPARENT", solIpv6, 75],
	ipv6Only: ["IPV6_V6ONLY", solIpv6, 26],
} as const satisfies Record<string, SocketOption>;
