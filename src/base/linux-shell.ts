/**
 * Calls of Linux that Node does not offer, through the C library.
 *
 * The library behind it (`koffi`) is loaded when somebody asks: a process that never does never loads it. A call costs about a
 * microsecond: for what is set up once. Packets are carried by `packet-calls-shell.ts`.
 */
import { endianness } from "node:os";
import type { Address } from "#base/address.ts";
import {
	credentialsOctets,
	type EspDatagramSocket,
	echoReplyFilter,
	espSteering,
	instructionOctets,
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
			connect: libc.func("int connect(int, void *, uint32_t)"),
			listen: libc.func("int listen(int, int)"),
			open: libc.func("int open(const char *, int)"),
			ioctl: libc.func("int ioctl(int, ulong, void *)"),
			ioctlNumber: libc.func("int ioctl(int, ulong, ulong)"),
			close: libc.func("int close(int)"),
			send: libc.func("intptr_t send(int, void *, size_t, int)"),
			recv: libc.func("intptr_t recv(int, void *, size_t, int)"),
			eventfd: libc.func("int eventfd(uint32_t, int)"),
			write: libc.func("intptr_t write(int, void *, size_t)"),
			address: (octets) => koffi.address(octets),
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
	setsockopt(descriptor: number, level: number, option: number, value: Int32Array | Uint8Array, length: number): number;
	socket(domain: number, type: number, protocol: number): number;
	bind(descriptor: number, address: Uint8Array, length: number): number;
	connect(descriptor: number, address: Uint8Array, length: number): number;
	listen(descriptor: number, backlog: number): number;
	open(path: string, flags: number): number;
	ioctl(descriptor: number, request: number, value: Uint8Array): number;
	ioctlNumber(descriptor: number, request: number, value: number): number;
	close(descriptor: number): number;
	send(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
	recv(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
	eventfd(value: number, flags: number): number;
	write(descriptor: number, octets: Uint8Array, length: number): number;
	/** Where octets lie; to be kept by the caller as long as that is used. */
	address(octets: Uint8Array): bigint;
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
	const setOctets = (descriptor: number, [name, level, option]: SocketOption, value: Uint8Array) =>
		check(`setsockopt ${name}`, libc.setsockopt(descriptor, level, option, value, value.length));

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
	const prepare = (descriptor: number, family: 4 | 6) => {
		set(descriptor, packetOptions[family].fragmentation, mayFragment);
		if (family === 4) return;
		set(descriptor, options.flowLabels);
		set(descriptor, options.hopLimit6, outerHopLimit);
	};
	const one = Uint8Array.of(isLittleEndian ? 1 : 0, 0, 0, 0, 0, 0, 0, isLittleEndian ? 0 : 1);
	/** `struct sock_fprog`: | instructions (2) | 0 (6) | where they are (8) |. */
	const steer = (descriptor: number) => {
		// Larger than what the runtime may move about.
		const program = new Uint8Array(movableOctets);
		program.set(espSteering(isLittleEndian));
		const octets = new Uint8Array(16);
		const view = new DataView(octets.buffer);
		view.setUint16(0, espSteering(isLittleEndian).length / instructionOctets, isLittleEndian);
		view.setBigUint64(8, libc.address(program), isLittleEndian);
		const [, level, option] = options.steering;
		check("setsockopt SO_ATTACH_REUSEPORT_CBPF", libc.setsockopt(descriptor, level, option, octets, octets.length));
	};
	const bind = (descriptor: number, octets: Uint8Array) => check("bind", libc.bind(descriptor, octets, octets.length));
	const openNetlink = (subsystem: number, groups: number): number => {
		const type = sockRaw | sockNonblock | sockCloexec;
		return keep(check("socket AF_NETLINK", libc.socket(afNetlink, type, subsystem)), (descriptor) => {
			// The kernel gives the address.
			const own = new Uint8Array(12);
			own[isLittleEndian ? 0 : 1] = afNetlink;
			new DataView(own.buffer).setUint32(8, groups, isLittleEndian);
			bind(descriptor, own);
		});
	};

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
			return keep(check("open /dev/net/tun", libc.open("/dev/net/tun", openForPackets)), (descriptor) => {
				check(`ioctl TUNSETIFF ${name}`, libc.ioctl(descriptor, tunSetInterface, request));
				check(`ioctl TUNSETOFFLOAD ${name}`, libc.ioctlNumber(descriptor, tunSetOffload, segmentsOfTcp));
			});
		},
		rawSocket({ protocol, local }: RawSocket) {
			const family = familyOf(local);
			const type = sockRaw | sockNonblock | sockCloexec;
			const descriptor = check("socket", libc.socket(family === 4 ? afInet : afInet6, type, protocol));
			return keep(descriptor, () => {
				prepare(descriptor, family);
				bind(descriptor, encodeSocketAddress({ address: local, port: 0 }, isLittleEndian));
			});
		},
		espDatagramSocket({ address, port, bufferOctets }: EspDatagramSocket) {
			const family = familyOf(address);
			const type = sockDgram | sockNonblock | sockCloexec;
			return keep(check("socket", libc.socket(family === 4 ? afInet : afInet6, type, 0)), (descriptor) => {
				set(descriptor, options.reusePort);
				prepare(descriptor, family);
				for (const option of [options.receiveBuffer, options.sendBuffer]) set(descriptor, option, bufferOctets);
				bind(descriptor, encodeSocketAddress({ address, port }, isLittleEndian));
				steer(descriptor);
			});
		},
		openSignal: () => check("eventfd", libc.eventfd(0, sockNonblock | sockCloexec)),
		signal(descriptor) {
			libc.write(descriptor, one, one.length);
		},
		echoSocket({ local, remote, device }) {
			const family = familyOf(local);
			const type = sockRaw | sockNonblock | sockCloexec;
			const protocol = family === 4 ? protocolIcmp : protocolIcmp6;
			const descriptor = check("socket", libc.socket(family === 4 ? afInet : afInet6, type, protocol));
			return keep(descriptor, () => {
				setOctets(
					descriptor,
					family === 4 ? options.icmpFilter : options.icmp6Filter,
					echoReplyFilter(family, isLittleEndian),
				);
				setOctets(descriptor, options.bindToDevice, Buffer.from(`${device}\0`, "latin1"));
				bind(descriptor, encodeSocketAddress({ address: local, port: 0 }, isLittleEndian));
				const to = encodeSocketAddress({ address: remote, port: 0 }, isLittleEndian);
				check("connect", libc.connect(descriptor, to, to.length));
			});
		},
		pathMtu(remote) {
			const family = familyOf(remote);
			const descriptor = check("socket", libc.socket(family === 4 ? afInet : afInet6, sockDgram | sockCloexec, 0));
			const address = encodeSocketAddress({ address: remote, port: discardPort }, isLittleEndian);
			const value = new Uint8Array(4);
			const [, level, option] = packetOptions[family].mtu;
			const isKnown =
				libc.connect(descriptor, address, address.length) === 0 &&
				libc.getsockopt(descriptor, level, option, value, Uint32Array.of(4)) === 0;
			libc.close(descriptor);
			return isKnown ? new DataView(value.buffer).getUint32(0, isLittleEndian) : undefined;
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
		openNetfilter: () => openNetlink(netlinkNetfilter, 0),
		openNetlink(subsystem, groups) {
			return keep(openNetlink(netlinkSubsystems[subsystem], groups), (descriptor) => {
				// What the kernel says of an error, without the request that it answers.
				set(descriptor, options.netlinkText);
				set(descriptor, options.netlinkShort);
			});
		},
		takeEspInUdp(descriptor, isTaken) {
			set(descriptor, options.espInUdp, isTaken ? espInUdp : 0);
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

function familyOf({ octets }: Address): 4 | 6 {
	return octets.length === 4 ? 4 : 6;
}

type SocketOption = readonly [name: string, level: number, option: number];

/** The numbers are those of x64 and arm64. */
const afInet = 2;
const afInet6 = 10;
const afNetlink = 16;
const netlinkNetfilter = 12;
const netlinkSubsystems = { route: 0, xfrm: 6 } as const;
const sockStream = 1;
const sockDgram = 2;
const sockRaw = 3;
const sockNonblock = 0o4_000;
const sockCloexec = 0o2_000_000;
const solIp = 0;
const solSocket = 1;
const solUdp = 17;
const solIpv6 = 41;
const solNetlink = 270;
const protocolIcmp = 1;
const protocolIcmp6 = 58;
const soPeerCredentials = 17;
const tunSetInterface = 0x4004_54ca;
const tunSetOffload = 0x4004_54d0;
/** TUN_F_CSUM, _TSO4, _TSO6 and _TSO_ECN. */
const segmentsOfTcp = 0x0f;
/** O_RDWR, O_NONBLOCK and O_CLOEXEC. */
const openForPackets = 0o2004002;
/** The same number for IP and IPv6. */
const soOriginalDestination = 80;
const options = {
	reuseAddress: ["SO_REUSEADDR", solSocket, 2],
	reusePort: ["SO_REUSEPORT", solSocket, 15],
	steering: ["SO_ATTACH_REUSEPORT_CBPF", solSocket, 51],
	sendBuffer: ["SO_SNDBUFFORCE", solSocket, 32],
	receiveBuffer: ["SO_RCVBUFFORCE", solSocket, 33],
	bindToDevice: ["SO_BINDTODEVICE", solSocket, 25],
	icmpFilter: ["ICMP_FILTER", 255, 1],
	icmp6Filter: ["ICMPV6_FILTER", 58, 1],
	mark: ["SO_MARK", solSocket, 36],
	transparent: ["IP_TRANSPARENT", solIp, 19],
	bindNoPort: ["IP_BIND_ADDRESS_NO_PORT", solIp, 24],
	transparent6: ["IPV6_TRANSPARENT", solIpv6, 75],
	ipv6Only: ["IPV6_V6ONLY", solIpv6, 26],
	flowLabels: ["IPV6_FLOWINFO_SEND", solIpv6, 33],
	hopLimit6: ["IPV6_UNICAST_HOPS", solIpv6, 16],
	netlinkShort: ["NETLINK_CAP_ACK", solNetlink, 10],
	netlinkText: ["NETLINK_EXT_ACK", solNetlink, 11],
	espInUdp: ["UDP_ENCAP", solUdp, 100],
} as const satisfies Record<string, SocketOption>;
const packetOptions = {
	4: {
		fragmentation: ["IP_MTU_DISCOVER", solIp, 10],
		mtu: ["IP_MTU", solIp, 14],
	},
	6: {
		fragmentation: ["IPV6_MTU_DISCOVER", solIpv6, 23],
		mtu: ["IPV6_MTU", solIpv6, 24],
	},
} as const satisfies Record<4 | 6, Record<string, SocketOption>>;
/** IP_PMTUDISC_DONT. */
const mayFragment = 0;
/** UDP_ENCAP_ESPINUDP. */
const espInUdp = 2;
/** B42. */
const outerHopLimit = 64;
const movableOctets = 1_024;
/** Nothing is sent there. */
const discardPort = 9;
