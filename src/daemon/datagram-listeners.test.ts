import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { DatagramListeners } from "#daemon/datagram-listeners.ts";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import { freePort } from "../../test/support/gateway.ts";

const planAt = (port: number, name = `datagram ${port}`): DatagramPlan => ({
	name,
	path: `services gateway ${name}`,
	listen: { host: "127.0.0.1", port },
	way: { kind: "pass-through", server: { host: "127.0.0.1", port: 1 } },
	mayReachLocal: true,
	fromZone: undefined,
	flow: { permitsServersWithoutCookie: false, idleMs: 1_000 },
});

function isTaken(port: number): Promise<boolean> {
	const socket = createSocket("udp4");
	return new Promise((resolve) => {
		socket.once("error", () => resolve(true));
		socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(false)));
	});
}

test("listeners follow the configuration; one that stays at its address is not opened again", async (t) => {
	const listeners = new DatagramListeners({} as never);
	t.after(() => listeners.close(""));
	const [first, second, third] = [await freePort(), await freePort(), await freePort()];
	await listeners.listenAt([planAt(first), planAt(second)]);
	assert.deepEqual(await Promise.all([first, second, third].map(isTaken)), [true, true, false]);
	await listeners.listenAt([planAt(third), planAt(second, "datagram renamed")]);
	listeners.tick(0);
	assert.deepEqual(await Promise.all([first, second, third].map(isTaken)), [false, true, true]);
});

test("when one cannot be opened, those before stay and no new one is left", async (t) => {
	const listeners = new DatagramListeners({} as never);
	t.after(() => listeners.close(""));
	const [first, second, taken] = [await freePort(), await freePort(), await freePort()];
	const stranger = createSocket("udp4");
	await new Promise<void>((resolve) => stranger.bind(taken, "127.0.0.1", resolve));
	t.after(() => void stranger.close());
	await listeners.listenAt([planAt(first)]);
	await assert.rejects(listeners.listenAt([planAt(second), planAt(taken)]), /UDP address .* is already in use/);
	assert.deepEqual(await Promise.all([first, second].map(isTaken)), [true, false]);
});
