import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("B52: echo requests go through the device that is named, whatever the routes say, and are answered, IPv4 and IPv6", (t) => {
	const output = runAlone(
		t,
		`
		const { openLinux } = await import("#base/linux-shell.ts");
		const { parseAddress } = await import("#base/address.ts");
		const { EchoSocket } = await import("#ike/echo-shell.ts");
		const { readPackets } = await import("#ike/packet-descriptor-shell.ts");
		const linux = await openLinux();
		const seen = [];
		// Nobody answers behind this device: what comes is counted. Before each packet there are ten octets of the device.
		const device = await readPackets(linux.openTun("st0.9"), "the device", (packet) => seen.push(packet[10] >> 4));
		ip("address add 10.9.9.1/24 dev st0.9");
		ip("link set st0.9 up");
		ip("address add 198.51.100.1/32 dev lo");
		const answered = [];
		const open = (device, source, destination) =>
			EchoSocket.open(linux, { device, source: parseAddress(source), destination: parseAddress(destination) }, (one) => answered.push(one));
		const silent = await open("st0.9", "198.51.100.1", "192.0.2.7");
		silent.send(1);
		await until("the request", () => seen.includes(4));
		const sockets = [await open("lo", "127.0.0.1", "127.0.0.2"), await open("lo", "::1", "::1")];
		sockets[0].send(7);
		sockets[1].send(65543);
		await until("both answers", () => answered.length === 2);
		console.log(answered.sort().join());
		for (const one of [silent, ...sockets]) one.close();
		silent.send(2);
		await open("no-such", "127.0.0.1", "127.0.0.2").catch((error) => console.log(error.message));
		device.destroy();
		process.exit();`,
	);
	if (output === undefined) return;
	assert.equal(output, "7,7\nsetsockopt SO_BINDTODEVICE failed: ENODEV\n");
});
