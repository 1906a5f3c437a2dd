import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { ServerLeg } from "#proxy/server-leg-shell.ts";
import type { SessionEvent } from "#proxy/session-event.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { buildHello, helloOf, inRecords } from "../../test/support/tls-hello.ts";
import { listen } from "../../test/support/tls-legs.ts";

const loopback = parseAddress("127.0.0.1") as Address;

/** A leg, and the next thing that it tells. What these tests reach asks nothing of the worker. */
function leg(t: TestContext): { leg: ServerLeg; next: () => Promise<SessionEvent> } {
	const told: SessionEvent[] = [];
	let wake = () => {};
	const made = new ServerLeg(
		() => "127.0.0.1",
		{} as SessionResources,
		(event) => {
			told.push(event);
			wake();
		},
	);
	t.after(() => {
		made.close();
		made.socket?.destroy();
	});
	const next = async () => {
		if (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
		return told.shift() as SessionEvent;
	};
	return { leg: made, next };
}

test("a server that answers is told with its address, and its end after that as a failure", async (t) => {
	const port = await listen(t, (socket) => void setTimeout(() => socket.resetAndDestroy(), 20));
	const { leg: made, next } = leg(t);
	made.connect({ type: "connect-server", addresses: [loopback], port, source: undefined }, 1_000);
	assert.deepEqual(await next(), { type: "server-connected", address: loopback });
	assert.equal(made.address, "127.0.0.1");
	made.socket?.resume();
	const failed = await next();
	assert.ok(failed.type === "server-failed" && failed.fault.code === "SERVER_UNREACHABLE");
});

test("a server that does not listen is told by its fault", async (t) => {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	const { leg: made, next } = leg(t);
	made.connect({ type: "connect-server", addresses: [loopback], port, source: undefined }, 1_000);
	const failed = await next();
	assert.ok(failed.type === "server-failed");
	assert.match(failed.fault.message, /ECONNREFUSED/);
});

test("R176: a client whose offer has nothing of the grade is refused before the server hears of it", async (t) => {
	const port = await listen(t, (socket) => socket.once("data", () => assert.fail("the server was spoken to")));
	const { leg: made, next } = leg(t);
	made.connect({ type: "connect-server", addresses: [loopback], port, source: undefined }, 1_000);
	await next();
	const hello = helloOf(inRecords(buildHello({ extensions: [] })));
	const profile = { legs: gradeLegs("strict") } as ProxyProfile;
	made.startTls({ type: "start-server-tls", hello: { ...hello, cipherSuites: [0x0005] }, profile, host: "a.example" });
	const failed = await next();
	assert.ok(failed.type === "server-failed" && failed.fault.code === "TLS_CIPHERS_DO_NOT_MATCH");
});
