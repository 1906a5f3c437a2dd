/** The data plane in the kernel on its sockets and its clock. Needs CAP_NET_ADMIN. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import type { Linux } from "#base/linux.ts";
import { NetlinkSocket } from "#base/netlink-socket-shell.ts";
import type { DataPlane, PlaneEvents } from "#esp/data-plane.ts";
import { clearLeftovers } from "#esp/kernel-leftovers.ts";
import { KernelPlane, type KernelPorts } from "#esp/kernel-plane.ts";
import { kernelRefusal } from "#esp/kernel-probe.ts";
import { decodeXfrmEvent, type XfrmEvent } from "#esp/xfrm-event.ts";
import { xfrmGroup } from "#esp/xfrm-structures.ts";

/** Opens the plane. Throws where the kernel has no XFRM. */
export function openKernelPlane(linux: Linux, events: PlaneEvents): DataPlane {
	const sockets = openSockets(linux);
	const told = new NetlinkSocket(linux, "xfrm", xfrmGroup.acquire | xfrmGroup.expire);
	const plane = new KernelPlane(portsOf(linux, sockets), events);
	let turns = 0;
	const timer = setInterval(() => {
		plane.hear(eventsOf(told));
		if (++turns % turnsPerLook === 0) plane.look();
	}, turnMs);
	const close = plane.close.bind(plane);
	return Object.assign(plane, {
		async close() {
			clearInterval(timer);
			await close();
			for (const socket of [...Object.values(sockets), told]) socket.close();
		},
	});
}

/** Undefined when this kernel can protect packets itself; otherwise why not. */
export function probeKernel(linux: Linux): string | undefined {
	return withSockets(linux, (ports) => kernelRefusal(ports, randomBytes(20)));
}

/** Takes away what a process that was killed left; answers how many things there were, 0 where the kernel has no XFRM. */
export function clearKernelLeftovers(linux: Linux): number {
	const count = withSockets(linux, clearLeftovers);
	return typeof count === "number" ? count : 0;
}

interface Sockets {
	readonly xfrm: NetlinkSocket;
	readonly route: NetlinkSocket;
}

/** What Linux says when there are no sockets. */
function withSockets<T>(linux: Linux, use: (ports: KernelPorts) => T): T | string {
	let sockets: Sockets;
	try {
		sockets = openSockets(linux);
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
	try {
		return use(portsOf(linux, sockets));
	} finally {
		for (const socket of Object.values(sockets)) socket.close();
	}
}

function openSockets(linux: Linux): Sockets {
	const xfrm = new NetlinkSocket(linux, "xfrm");
	try {
		return { xfrm, route: new NetlinkSocket(linux, "route") };
	} catch (error) {
		xfrm.close();
		throw error;
	}
}

function portsOf(linux: Linux, { xfrm, route }: Sockets): KernelPorts {
	return {
		isLittleEndian,
		xfrm: (request) => xfrm.request(request),
		route: (request) => route.request(request),
		takeEspInUdp: (descriptor, isTaken) => linux.takeEspInUdp(descriptor, isTaken),
		unknownSpi: readUnknownSpi,
	};
}

/** Of messages that were lost the kernel sends the like again: packets go on wishing, limits that were passed are hard in time. */
function eventsOf(socket: NetlinkSocket): readonly XfrmEvent[] {
	const messages = socket.take();
	if (messages === "lost") return [];
	return messages.flatMap((message) => {
		const decoded = decodeXfrmEvent(message, isLittleEndian);
		return decoded.kind === "done" ? [decoded.value] : [];
	});
}

function readUnknownSpi(): number {
	try {
		return Number(/^XfrmInNoStates\s+(\d+)/m.exec(readFileSync("/proc/net/xfrm_stat", "latin1"))?.[1] ?? 0);
	} catch {
		// A kernel may count nothing.
		return 0;
	}
}

const isLittleEndian = endianness() === "LE";
const turnMs = 100;
const turnsPerLook = 5;
