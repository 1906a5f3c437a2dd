import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { clearQuarantine, showQuarantine } from "#daemon/show-quarantine.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("hosts that are shut off are shown with end and reason, and let go by address or all", async (t) => {
	const world = await commandWorld(t);
	assert.equal(showQuarantine(world, false), "Nobody is shut off\n");
	for (const last of [1, 2])
		world.gateway.quarantine.noted({ address: `10.0.0.${last}`, until: Number.POSITIVE_INFINITY, why: "signature 7" });
	assert.match(showQuarantine(world, false), /^10\.0\.0\.1: until it is cleared; signature 7\n10\.0\.0\.2: /);
	assert.deepEqual(JSON.parse(showQuarantine(world, true)).hosts[0], {
		address: "10.0.0.1",
		until: null,
		why: "signature 7",
	});
	assert.equal(clearQuarantine(world, "10.0.0.1"), "1 host let go\n");
	assert.equal(clearQuarantine(world, undefined), "1 host let go\n");
});

test("what rules are called moves no cursor, in JSON either", async (t) => {
	const world = await commandWorld(t);
	const why = "signature 7 \x9b2J\u202e";
	world.gateway.quarantine.noted({ address: "10.0.0.1", until: Number.POSITIVE_INFINITY, why });
	for (const isJson of [false, true]) assert.match(showQuarantine(world, isJson), /^[\n -~]+$/);
	assert.equal(JSON.parse(showQuarantine(world, true)).hosts[0].why, why);
});

test("hosts of the configuration are shown as such", async (t) => {
	const statement = "security { inspection { quarantine { hosts 192.0.2.0/24; } } }";
	const world = await commandWorld(t, { configuration: `${defaultConfiguration(false)}\n${statement}` });
	assert.equal(showQuarantine(world, false), "192.0.2.0/24: always, by the configuration\n");
});
