/** Sends QUIC that the packet filter of its network refuses, and prints what is heard of it as JSON. */
import { createSocket } from "node:dgram";
import { openLinux } from "#base/linux-shell.ts";
import { RefusedQuicService } from "#daemon/refused-quic-service.ts";
import { PacketLog } from "#firewall/packet-log-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { quicFirstFlight } from "./quic-initial.ts";

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
	/** What is logged, and what a second one is told who wants the group. */
	log: async () => {
		const linux = await openLinux();
		const heard: string[] = [];
		const log = new PacketLog(linux, 23_057, (prefix, packet) => heard.push(`${prefix} ${packet.length}`));
		let refused = "";
		try {
			new PacketLog(linux, 23_057, () => undefined).close();
		} catch (error) {
			refused = String(error);
		}
		for (const at of ["127.0.0.1", "::1"]) await send(at, [new Uint8Array(1_200)]);
		await until(() => heard.length === 2);
		log.close();
		await send("127.0.0.1", [new Uint8Array(1_200)]);
		const again = new PacketLog(linux, 23_057, () => undefined);
		again.close();
		return { heard, refused };
	},
	/** Records of clients that send their first flights, some of them over and over; and a service that comes too late. */
	service: async () => {
		const records: SessionRecord[] = [];
		const failures: string[] = [];
		const options = { record: (one: SessionRecord) => records.push(one), failed: (one: string) => failures.push(one) };
		const service = new RefusedQuicService({ ...options, holdsPacketFilter: () => true });
		await service.start();
		const late = new RefusedQuicService({ ...options, holdsPacketFilter: () => true });
		await late.start();
		const idle = new RefusedQuicService({ ...options, holdsPacketFilter: () => false });
		await idle.start();
		await send("127.0.0.1", quicFirstFlight("shop.example", 1));
		await send("::1", quicFirstFlight("post-quantum.example", 3));
		for (let count = 0; count < 20; count++) await send("127.0.0.1", quicFirstFlight("shop.example", 1));
		await send("127.0.0.1", quicFirstFlight("last.example", 1));
		await until(() => records.some(({ sni }) => sni === "last.example"));
		service.stop();
		return { records: records.map(({ sni, listener, server }) => [sni, listener, server.address]), failures };
	},
};

/** Each flight comes from a port of its own. */
async function send(at: string, datagrams: readonly Uint8Array[]): Promise<void> {
	const socket = createSocket(at.includes(":") ? "udp6" : "udp4");
	for (const datagram of datagrams) await new Promise((resolve) => socket.send(datagram, 443, at, resolve));
	socket.close();
}

async function until(isThere: () => boolean): Promise<void> {
	for (let count = 0; count < 200 && !isThere(); count++) await new Promise((resolve) => setTimeout(resolve, 25));
}

process.stdout.write(JSON.stringify(await scenarios[process.argv[2] ?? ""]?.()));
