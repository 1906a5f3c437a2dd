import assert from "node:assert/strict";
import { once } from "node:events";
import { lstatSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { asUser, openToAll } from "../../test/support/as-user.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../test/support/cli-server.ts";
import { eventually } from "../../test/support/gateway.ts";
import { requireRoot } from "../../test/support/peers.ts";
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
		new RegExp(`Users currently editing the configuration:\\n {2}admin terminal p0 \\(pid ${process.pid}\\)`),
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
	await Promise.all(raws.map((raw) => raw.log()));
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

test("the user is the one whom the kernel knows, not the one who is claimed", async (t) => {
	if (!requireRoot(t, "only root can be another user")) return;
	const asked: number[] = [];
	const running = await start(t, {
		admit: (userId) => {
			asked.push(userId);
			return { refusal: "no account" };
		},
	});
	openToAll(running.place);
	const raw = asUser(65_534, () => new RawTerminal(t, running));
	raw.hello({ user: "root" });
	assert.equal((await raw.next("end")).text, "error: no account\n");
	assert.deepEqual(asked, [65_534]);
});

test("another user does not even get to the socket", async (t) => {
	if (!requireRoot(t, "only root can be another user")) return;
	const running = await start(t);
	const raw = asUser(65_534, () => new RawTerminal(t, running));
	const [error] = await once(raw.socket, "error");
	assert.equal(error.code, "EACCES");
});

test("where the kernel cannot be asked nobody comes in, and everybody is told why", async (t) => {
	const refusal = new Error("the C library cannot be called");
	for (const openLinux of [
		() => Promise.reject(refusal),
		async () => ({
			peerCredentials: () => {
				throw refusal;
			},
			openTun: () => {
				throw refusal;
			},
		}),
	]) {
		const running = await start(t, { openLinux });
		const raw = new RawTerminal(t, running);
		assert.equal(
			(await raw.next("end")).text,
			"error: the gateway cannot tell who connects: the C library cannot be called\n",
		);
		await raw.closed();
		assert.match(running.reports.at(-1) ?? "", /^error: .*the C library cannot be called$/);
	}
});
