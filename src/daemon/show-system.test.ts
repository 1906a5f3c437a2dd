import assert from "node:assert/strict";
import { test } from "node:test";
import { showAlarms, showProcesses, showStorage, showUptime, showUsers, showVersion } from "#daemon/show-system.ts";
import { productVersion } from "#daemon/version.ts";
import type { RootConfig } from "#product/root-schema.ts";
import { commandWorld } from "../../test/support/command-world.ts";

const identity = { id: "cli-0", user: "pat", terminal: "p0", processId: 4_711, isInteractive: true };

test("the version tells what the product runs on", () => {
	assert.match(showVersion(false), new RegExp(`^Sallyport: ${productVersion}\nNode: ${process.versions.node}\n`));
	assert.equal(JSON.parse(showVersion(true)).openssl, process.versions.openssl);
});

test("the uptime tells since when the gateway runs and who configured it last", async (t) => {
	const world = await commandWorld(t);
	const text = showUptime(world, false);
	assert.match(text, /Gateway started: .* UTC \(1d 01:01:01 ago\)\nLast configured: .* ago\) by root\n0 users, load/);
	assert.equal(JSON.parse(showUptime(world, true)).by, "root");
});

test("users are listed with what they do and since when they are idle; their words cannot move the cursor", async (t) => {
	const world = await commandWorld(t);
	const now = Date.now();
	world.people = [{ identity, since: now - 1_000, lastActive: now - 125_000, doing: "show log \x1b[2J" }];
	assert.match(showUsers(world, false), /^USER .*\npat +p0 +4711 .* +2 {2}show log \\x1b\[2J\n$/);
	assert.equal(JSON.parse(showUsers(world, true))[0].idleSeconds, 125);
});

test("processes are those of the gateway, with time and memory when asked", async (t) => {
	const world = await commandWorld(t);
	world.gateway.workers.push({
		number: 2,
		processId: 4_194_304,
		isListening: false,
		startedAt: 0,
		restarts: 0,
		counters: {},
	});
	assert.match(showProcesses(world, false), new RegExp(`${process.pid} {2}R +managed\n`));
	assert.match(showProcesses(world, true), /^Memory: .*\n.*\n +\d+ {2}R +00:00:\d\d +\d+M {2}managed\n/);
	assert.match(showProcesses(world, true), /4194304 {2}\? +00:00:00 +0 {2}worker 2\n$/);
});

test("storage names what lies in the state directory", async (t) => {
	const world = await commandWorld(t);
	assert.match(showStorage(world), /configuration\n.*keys\n.*sallyport\.conf\n/s);
});

test("alarms tell what needs attention, and that nothing does", async (t) => {
	const world = await commandWorld(t);
	assert.match(showAlarms(world), /^1 alarm currently active\n.*\n.*Minor {2}Rescue configuration is not set\n$/);
	world.gateway.configuration.saveRescue();
	assert.equal(showAlarms(world), "No alarms currently active\n");
	world.gateway.keys.open(world.gateway.trust.config as RootConfig, Date.now());
	world.gateway.totals.add("records_dropped", 3);
	world.gateway.workers = [
		{ number: 1, processId: undefined, isListening: false, startedAt: 0, restarts: 1, counters: {} },
	];
	const text = showAlarms(world);
	for (const part of [
		/^3 alarms/,
		/Major {2}worker 1 does not run/,
		/Minor {2}private keys are encrypted under keys\/master-key/,
		/Major {2}3 records were lost/,
	])
		assert.match(text, part);
	world.gateway.configuration.deleteRescue();
	assert.match(showAlarms(world), /Rescue configuration is not set/);
});
