import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { encodeFrame } from "#cli/socket-protocol.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../test/support/cli-server.ts";
import { eventually } from "../../test/support/gateway.ts";
import { RawTerminal } from "../../test/support/raw-terminal.ts";

async function start(t: TestContext, options: ServerOptions = {}): Promise<RunningServer> {
	return await startServer(t, { handlers: { "show-uptime": () => "up\n" }, ...options });
}

test("who does not begin with hello, or speaks another version, gets in nowhere", async (t) => {
	const running = await start(t);
	const impatient = new RawTerminal(t, running);
	impatient.send({ type: "line", text: "configure" });
	await impatient.closed();
	const old = new RawTerminal(t, running);
	old.hello({ version: 99 });
	assert.match((await old.next("end")).text, /speaks version 99/);
	await old.closed();
});

test("the one who admits may refuse, and is told the user whom the kernel knows", async (t) => {
	const asked: [number, string][] = [];
	const running = await start(t, {
		admit: (userId, user) => {
			asked.push([userId, user]);
			return { refusal: "no account" };
		},
	});
	const raw = new RawTerminal(t, running);
	raw.hello({ user: "pat" });
	assert.equal((await raw.next("end")).text, "error: no account\n");
	assert.deepEqual(asked, [[process.getuid?.(), "pat"]]);
	assert.deepEqual(running.reports, [
		`error: command line refused to user ${process.getuid?.()}, process ${process.pid}: no account`,
	]);
});

test("what cannot be read ends that connection alone", async (t) => {
	const running = await start(t);
	const good = await new RawTerminal(t, running).log();
	for (const octets of [
		Buffer.from("GET / HTTP/1.1\r\n\r\n"),
		Buffer.alloc(64),
		Buffer.from([0xff, 0xff, 0xff, 0xff]),
	]) {
		const bad = new RawTerminal(t, running);
		bad.socket.write(octets);
		await bad.closed();
	}
	const late = await new RawTerminal(t, running).log();
	late.socket.write(Buffer.from([0, 0, 0, 2, 0x7b, 0x78]));
	await late.closed();
	assert.equal(await good.enter("show system uptime"), "up\n");
	assert.ok(running.reports.some((line) => line.includes("cannot be read")));
});

test("any octets at all leave the server working", async (t) => {
	const running = await start(t);
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (octets, isLoggedIn) => {
			const raw = new RawTerminal(t, running);
			if (isLoggedIn) await raw.log();
			raw.socket.end(octets);
			await raw.closed();
		}),
		{ numRuns: 30 },
	);
	assert.equal(await (await new RawTerminal(t, running).log()).enter("show system uptime"), "up\n");
	await eventually(() => running.server.connections().length === 1, "one connection");
});

test("a terminal that reads nothing holds up only itself, and its output waits instead of growing", async (t) => {
	let made = 0;
	const piece = "x".repeat(65_536);
	function* endless(): Iterable<string> {
		for (made = 0; made < 10_000; made++) yield piece;
	}
	const running = await start(t, { handle: ({ handler }) => (handler === "show-log" ? endless() : ["up\n"]) });
	const slow = await new RawTerminal(t, running).log();
	slow.socket.pause();
	slow.send({ type: "line", text: "show log messages" });
	const quick = await new RawTerminal(t, running).log();
	for (let turn = 0; turn < 20; turn++) assert.equal(await quick.enter("show system uptime"), "up\n");
	assert.ok(made < 100, `${made} pieces of output were made`);
	// Notices to it are dropped, not kept.
	for (let turn = 0; turn < 100; turn++) running.server.broadcast("y".repeat(65_536));
	slow.socket.destroy();
	await eventually(() => running.server.connections().length === 1, "one connection");
});

test("an interrupt ends an endless output", async (t) => {
	function* endless(): Iterable<string> {
		for (;;) yield "line\n";
	}
	const running = await start(t, { handle: () => endless() });
	const raw = await new RawTerminal(t, running).log();
	raw.send({ type: "line", text: "show log messages" });
	await raw.next("output");
	raw.send({ type: "interrupt" });
	await raw.next("finish");
});

test("a flood of requests of one terminal does not keep others waiting", async (t) => {
	const running = await start(t);
	const flood = await new RawTerminal(t, running).log();
	const frame = encodeFrame({ type: "complete", key: "help", line: "set ", isRepeat: false });
	flood.socket.write(Buffer.concat(Array.from({ length: 5_000 }, () => frame)));
	const other = await new RawTerminal(t, running).log();
	const started = performance.now();
	assert.equal(await other.enter("show system uptime"), "up\n");
	assert.ok(performance.now() - started < 1_500);
	flood.socket.destroy();
});

test("handlers that fail tell why; a bug in a session ends that session alone", async (t) => {
	const running = await start(t, {
		handle: ({ handler }) => {
			if (handler === "show-alarms") throw new Error("the sensor is gone");
			return ["up\n"];
		},
	});
	const raw = await new RawTerminal(t, running).log();
	raw.send({ type: "line", text: "show system alarms" });
	assert.equal((await raw.next("complaint")).text, "error: the sensor is gone\n");
	assert.equal((await raw.next("finish")).isOk, false);
	const { system } = running;
	const candidates = system.candidates;
	Object.defineProperty(system, "candidates", {
		configurable: true,
		get: () => {
			throw new Error("bug");
		},
	});
	raw.send({ type: "line", text: "configure" });
	assert.match((await raw.next("end")).text, /internal error/);
	Object.defineProperty(system, "candidates", { configurable: true, writable: true, value: candidates });
	assert.equal(await (await new RawTerminal(t, running).log()).enter("show system uptime"), "up\n");
	assert.ok(running.reports.some((line) => line.includes("ended by a bug: Error: bug")));
});

test("idle sessions end when their time has come", async (t) => {
	const running = await start(t);
	const raw = await new RawTerminal(t, running).log();
	await raw.enter("set cli idle-timeout 1");
	const realNow = Date.now;
	t.after(() => {
		Date.now = realNow;
	});
	Date.now = () => realNow() + 61_000;
	assert.match((await raw.next("end")).text, /Idle timeout exceeded/);
});
