import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Endpoint } from "#ike/endpoint.ts";
import { type EnginePorts, EngineShell } from "#ike/socket-shell.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { ChildAssociation } from "#ike/v2/engine-event.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { addressOf, childConfig, connection } from "../../test/support/ike-network.ts";
import { portless } from "../../test/support/portless.ts";
import { runAlone } from "../../test/support/run-alone.ts";

/** Two ports that are free at both addresses. */
async function freePorts(): Promise<{ readonly ike: number; readonly nat: number }> {
	const ports: number[] = [];
	for (let index = 0; index < 2; index++) {
		const socket = createSocket("udp4");
		socket.bind(0, "127.0.0.1");
		await once(socket, "listening");
		ports.push(socket.address().port);
		socket.close();
	}
	return { ike: ports[0] ?? 0, nat: ports[1] ?? 0 };
}

async function openShell(t: TestContext, one: Connection, ports: { readonly ike: number; readonly nat: number }) {
	const installed = new Map<number, ChildAssociation>();
	const packets: string[] = [];
	const reports: string[] = [];
	const engine: EnginePorts = {
		sign: async () => undefined,
		installChild: (association) => installed.set(association.inboundSpi, association),
		removeChild: (inboundSpi) => installed.delete(inboundSpi),
		moveChild: () => {},
		receiveEsp: (packet) => packets.push(Buffer.from(packet).toString("hex")),
		report: (what, _connection, text) => reports.push(`${what}: ${text}`),
	};
	const endpoint = new Endpoint([one], { ...defaultSettings, ports }, randomBytes);
	const shell = await EngineShell.open(endpoint, { address: one.local, port: ports.ike, natPort: ports.nat }, engine);
	t.after(() => shell.close());
	return { shell, installed, packets, reports };
}

async function until(what: string, holds: () => boolean): Promise<void> {
	for (let waited = 0; !holds(); waited += 10) {
		assert.ok(waited < 10_000, what);
		await sleep(10);
	}
}

test("B33, B35: two engines on loopback bring a tunnel up, replace and close it", async (t) => {
	const ports = await freePorts();
	const ofA = connection("127.0.0.1", "127.0.0.2", {
		children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
		startsImmediately: true,
	});
	const ofB = connection("127.0.0.2", "127.0.0.1", { children: [childConfig("10.2.0.0/16", "10.1.0.0/16")] });
	const b = await openShell(t, ofB, ports);
	const a = await openShell(t, ofA, ports);
	await until("up", () => a.installed.size === 1 && b.installed.size === 1);
	const [inboundSpi] = a.installed.keys();
	a.shell.give({ type: "child-worn-out", inboundSpi: inboundSpi ?? 0 });
	await until("replaced", () => !a.installed.has(inboundSpi ?? 0) && a.installed.size === 1 && b.installed.size === 1);
	b.shell.give({ type: "close-wanted", connection: "peer" });
	await until("closed", () => a.installed.size === 0 && b.installed.size === 0);
});

test("B45: ESP and keepalives on the second port are told from IKE", async (t) => {
	const ports = await freePorts();
	const a = await openShell(t, connection("127.0.0.1", "127.0.0.2"), ports);
	const b = await openShell(t, connection("127.0.0.2", "127.0.0.1"), ports);
	const place = (address: string) => ({ address: addressOf(address), port: ports.nat });
	const path = { local: place("127.0.0.1"), remote: place("127.0.0.2") };
	for (const packet of ["ff", "0000000000000000000000", "000001000000000199"])
		a.shell.sendEsp(Buffer.from(packet, "hex"), path);
	await until("ESP", () => b.packets.length > 0);
	assert.ok((a.shell.descriptorAt(place("127.0.0.1")) ?? 0) > 2);
	assert.equal(a.shell.descriptorAt(place("127.0.0.9")), undefined);
	assert.deepEqual(b.packets, ["000001000000000199"]);
});

test("a port that is taken is an error, and nothing stays open", async (t) => {
	const ports = await freePorts();
	await openShell(t, connection("127.0.0.1", "127.0.0.2"), ports);
	await assert.rejects(openShell(t, connection("127.0.0.1", "127.0.0.2"), ports), /EADDRINUSE/);
});

test("a datagram from port 0, which nobody can answer, ends nothing on either port", (t) => {
	const output = runAlone(
		t,
		`${portless}
		const { EngineShell } = await import("#ike/socket-shell.ts");
		const heard = [];
		const endpoint = {
			deadline: () => Infinity,
			step: (event) => {
				if (event.type !== "datagram-received") return [];
				heard.push(event.path.local.port, String(event.datagram));
				return [{ type: "send-datagram", path: event.path, datagram: event.datagram }];
			},
		};
		const local = { address: loopback, port: 500, natPort: 4500 };
		const shell = await EngineShell.open(endpoint, local, { receiveEsp: () => heard.push("ESP") });
		for (const port of [500, 4500]) sendPortless(Buffer.from("\\0\\0\\0\\0nobody"), port);
		const { createSocket } = await import("node:dgram");
		const client = createSocket("udp4");
		const answered = new Promise((resolve) => client.once("message", resolve));
		for (const port of [500, 4500]) client.send("\\0\\0\\0\\0somebody", port, "127.0.0.1");
		await answered;
		await until("both", () => heard.length === 4);
		console.log(heard.includes("nobody"));
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "false\n");
});
