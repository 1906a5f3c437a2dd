import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { peerPath, requirePeers } from "../../test/support/peers.ts";

/** Sends a datagram to an address behind the device, turns the packet round and waits for it to come back. */
const program = `
	import { execFileSync } from "node:child_process";
	import { createSocket } from "node:dgram";
	const { openLinux } = await import("#base/linux-shell.ts");
	const { TunDevice } = await import("#esp/tun-shell.ts");
	const packets = [];
	const device = await TunDevice.open(await openLinux(), "st0", (packet) => {
		if (packet[0] !== 0x45) return;
		packets.push(packet.length);
		const back = Uint8Array.from(packet);
		back.set(packet.subarray(16, 20), 12);
		back.set(packet.subarray(12, 16), 16);
		back.set(packet.subarray(22, 24), 20);
		back.set(packet.subarray(20, 22), 22);
		device.write(back);
	});
	for (const words of [["addr", "add", "10.9.0.1/24", "dev", "st0"], ["link", "set", "st0", "up"]])
		execFileSync(process.argv[1], words);
	const socket = createSocket("udp4");
	socket.bind(0, "10.9.0.1");
	socket.on("message", (text, { address, port }) => {
		console.log(String(text), address, port, packets.join());
		socket.close();
		device.close();
	});
	socket.send("hello", 7, "10.9.0.2");
`;

test("what the host routes to the device is read packet by packet, and what is written arrives at the host", (t) => {
	if (!requirePeers(t, ["unshare", "ip"])) return;
	// Somebody who is not root is root in a namespace of users of its own.
	const namespaces = process.getuid?.() === 0 ? "-n" : "-rn";
	const node = [process.execPath, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
	const done = spawnSync(peerPath("unshare"), [namespaces, ...node, peerPath("ip")], {
		encoding: "utf8",
		cwd: join(import.meta.dirname, "../.."),
		timeout: 20_000,
	});
	assert.deepEqual([done.stdout, done.stderr], ["hello 10.9.0.2 7 33\n", ""]);
});
