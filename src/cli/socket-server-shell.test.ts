import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type RunningServer, type ServerOptions, startServer } from "../../test/support/cli-server.ts";
import { eventually } from "../../test/support/gateway.ts";
import { RawTerminal } from "../../test/support/raw-terminal.ts";

async function start(t: TestContext, options: ServerOptions = {}): Promise<RunningServer> {
	return await startServer(t, { handlers: { "show-uptime": () => "up\n" }, ...options });
}

test("R260: several users work at once over a socket of mode 0600", async (t) => {
	const running = await start(t);
	assert.equal(lstatSync(running.place.socket).mode & 0o777, 0o600);
	const first = await new RawTerminal(t, running).log();
	const second = await new RawTerminal(t, running).log();
	assert.equal(await first.enter("configure"), "Entering configuration mode\n");
	assert.match(
		await second.enter("configure"),
		/Users currently editing the configuration:\n {2}admin terminal p0 \(pid 7\)/,
	);
	await first.enter("set system host-name shared");
	assert.equal(await second.enter("show system"), "host-name shared;\n");
	assert.deepEqual(
		running.server.connections().map(({ identity, doing }) => `${identity.user} ${identity.terminal} ${doing}`),
		["admin p0 configuration mode", "admin p1 configuration mode"],
	);
	second.socket.destroy();
	await eventually(() => running.server.connections().length === 1, "one connection");
	assert.equal(running.system.candidates.editors.size, 1);
});

test("more terminals than may be are told so", async (t) => {
	const running = await start(t);
	const raws = Array.from({ length: 32 }, () => new RawTerminal(t, running));
	await Promise.all(raws.map((raw) => raw.next("challenge")));
	const late = new RawTerminal(t, running);
	assert.match((await late.next("end")).text, /32 users are on the command line/);
	await late.closed();
});

test("sessions are evicted, everybody is told, files are followed to the end of the session", async (t) => {
	const running = await start(t);
	const first = await new RawTerminal(t, running).log();
	const second = await new RawTerminal(t, running).log();
	await first.enter("monitor start messages");
	running.followers.get("messages")?.("new line\n");
	assert.equal((await first.next("notice")).text, "new line\n");
	await first.enter("monitor start none");
	running.server.broadcast("rolled back\n");
	assert.equal((await second.next("notice")).text, "rolled back\n");
	assert.equal(
		running.server.evict(({ identity }) => identity.terminal === "p0", "Session ended by root\n"),
		1,
	);
	assert.equal((await first.next("end")).text, "Session ended by root\n");
	await first.closed();
	assert.equal(running.followers.size, 0);
	await second.enter("monitor start messages");
	await second.enter("monitor stop");
	assert.equal(running.followers.size, 0);
});

test("the end of the server ends everybody and removes the socket", async (t) => {
	const running = await start(t);
	const raw = await new RawTerminal(t, running).log();
	await running.server.close();
	assert.match((await raw.next("end")).text, /being stopped/);
	assert.equal(lstatSync(running.place.socket, { throwIfNoEntry: false }), undefined);
});
