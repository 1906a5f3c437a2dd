import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { TransparentListeners } from "#daemon/transparent-listeners.ts";
import type { TransparentPlan } from "#proxy/compile-transparent.ts";
import { freePort } from "../../test/support/gateway.ts";

const planAt = (port: number, preservesSource = false): TransparentPlan => ({
	name: `at ${port}`,
	path: "",
	mode: "redirect",
	port,
	way: { kind: "transparent", preservesSource },
	fromZone: undefined,
});

test("listeners follow the configuration; one that stays is not opened again", async (t) => {
	const listeners = listenersOf(t);
	const [first, second, third] = [await freePort(), await freePort(), await freePort()];
	await listeners.listenAt([planAt(first), planAt(second)]);
	assert.deepEqual(await Promise.all([first, second, third].map(isTaken)), [true, true, false]);
	// The sockets do not share their port: to open it again would fail.
	await listeners.listenAt([planAt(third), planAt(second, true)]);
	assert.deepEqual(await Promise.all([first, second, third].map(isTaken)), [false, true, true]);
});

test("when one cannot be opened, those before stay and no new one is left", async (t) => {
	const listeners = listenersOf(t);
	const [first, second, taken] = [await freePort(), await freePort(), await freePort()];
	const stranger = createServer();
	await new Promise<void>((resolve) => stranger.listen(taken, resolve));
	t.after(() => stranger.close());
	await listeners.listenAt([planAt(first)]);
	await assert.rejects(listeners.listenAt([planAt(second), planAt(taken)]), /^FaultError: port \d+ is already in use/);
	assert.deepEqual(await Promise.all([first, second].map(isTaken)), [true, false]);
});

function listenersOf(t: TestContext): TransparentListeners {
	const listeners = new TransparentListeners(
		{ taken: (_, socket) => socket.destroy(), strayed: () => undefined },
		false,
	);
	t.after(() => listeners.close());
	return listeners;
}

function isTaken(port: number): Promise<boolean> {
	const server = createServer();
	return new Promise((resolve) => {
		server.once("error", () => resolve(true));
		server.listen(port, "0.0.0.0", () => server.close(() => resolve(false)));
	});
}
