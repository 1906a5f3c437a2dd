import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import { FlowShell } from "#proxy/datagram-flow-shell.ts";
import { Resolver } from "#proxy/resolver-shell.ts";
import { udpSocket } from "../../test/support/dtls-peers.ts";
import { eventually, freePort } from "../../test/support/gateway.ts";

const loopback = parseAddress("127.0.0.1") as Address;

/** A flow's shell around a machine that writes down what it is told. */
function shellOf() {
	const heard: string[] = [];
	const machine = {
		fromServer: (datagram: Uint8Array) => heard.push(`server ${Buffer.from(datagram)}`),
		resolved: (addresses: readonly Address[]) => heard.push(`resolved ${addresses.map(formatAddress)}`),
		opened: () => heard.push("opened"),
		failed: ({ code }: { code: string }) => heard.push(code),
	} as unknown as DatagramFlow;
	let ports: FlowPorts | undefined;
	const owner = { sendClient() {}, tell() {}, proved() {}, ended: () => void heard.push("ended") };
	const names = new Map([["a.test", [loopback]]]);
	const begin = (given: FlowPorts) => {
		ports = given;
		return machine;
	};
	const place = { key: "k", source: "127.0.0.1", port: 1 };
	const shell = new FlowShell(place, owner, new Resolver(names, 1, 1), begin, () => heard.push("released"));
	return { shell, heard, ports: ports as FlowPorts };
}

test("a flow hears its own server alone, and its socket is gone with it", async (t) => {
	const { heard, ports } = shellOf();
	const server = await udpSocket(t, (datagram, port, socket) =>
		socket.send(`answer to ${datagram}`, port, "127.0.0.1"),
	);
	ports.sendServer(Buffer.from("too early"));
	ports.resolve("a.test");
	ports.openServer(loopback, server.port);
	await eventually(() => heard.includes("opened") || undefined, "opened");
	ports.sendServer(Buffer.from("one"));
	await eventually(() => heard.includes("server answer to one") || undefined, "the answer");
	assert.deepEqual(heard, ["resolved 127.0.0.1", "opened", "server answer to one"]);
	ports.ended({} as never);
	assert.deepEqual(heard.slice(3), ["released", "ended"]);
});

test("a server where nobody listens is told as unreachable", async () => {
	const { heard, ports } = shellOf();
	ports.openServer(loopback, await freePort());
	await eventually(() => heard.includes("opened") || undefined, "opened");
	ports.sendServer(Buffer.from("anybody?"));
	await eventually(() => heard.includes("SERVER_UNREACHABLE") || undefined, "the fault");
	ports.ended({} as never);
});
