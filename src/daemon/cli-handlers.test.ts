import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandlerRequest } from "#cli/connection-shell.ts";
import { handleCommand } from "#daemon/cli-handlers.ts";
import { commandWorld, type World } from "../../test/support/command-world.ts";

const identity = { id: "cli-0", user: "root", terminal: "p0", processId: 10, isInteractive: true };

async function run(
	world: World,
	handler: HandlerRequest["handler"],
	values: Record<string, string> = {},
): Promise<string> {
	let text = "";
	const request = { handler, values, isJson: false, identity, columns: 80, signal: new AbortController().signal };
	for await (const piece of handleCommand(world, request)) text += piece;
	return text;
}

test("a rescue configuration is saved and deleted; commits are listed", async (t) => {
	const world = await commandWorld(t);
	await run(world, "rescue-save");
	assert.equal(world.gateway.configuration.hasRescue, true);
	assert.match(await run(world, "show-commit"), /^0 +20.* by root via other\nrescue\n$/);
	await run(world, "rescue-delete");
	assert.equal(world.gateway.configuration.hasRescue, false);
});

test("sessions of others are ended by process or by user, never one's own", async (t) => {
	const world = await commandWorld(t);
	const person = (id: string, user: string, processId: number) => ({
		identity: { ...identity, id, user, processId },
		since: 0,
		lastActive: 0,
		doing: "-",
	});
	world.people = [
		person("cli-0", "root", 10),
		person("cli-1", "pat", 11),
		person("cli-2", "pat", 12),
		person("cli-3", "root", 13),
	];
	assert.equal(await run(world, "logout", { pid: "11" }), "1 session ended\n");
	assert.equal(await run(world, "logout", { user: "root" }), "1 session ended\n");
	await assert.rejects(run(world, "logout", { pid: "10" }), /no other session of process 10/);
	await assert.rejects(run(world, "logout", { user: "nobody" }), /no other session of nobody/);
	assert.deepEqual(
		world.people.map(({ identity: one }) => one.id),
		["cli-0", "cli-2"],
	);
});

test("workers are restarted, one or all", async (t) => {
	const world = await commandWorld(t);
	assert.equal(await run(world, "restart"), "1 worker restarted\n");
	await assert.rejects(run(world, "restart", { worker: "9" }), /no worker 9 runs/);
});

test("every other handler answers", async (t) => {
	const world = await commandWorld(t);
	for (const handler of [
		"show-version",
		"show-uptime",
		"show-alarms",
		"show-proxy-status",
		"show-proxy-counters",
	] as const)
		assert.notEqual(await run(world, handler), "");
	assert.equal(await run(world, "clear-proxy-statistics"), "");
	await assert.rejects(run(world, "show-log", { file: "none" }), /could not resolve file/);
});
