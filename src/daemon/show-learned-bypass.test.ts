import assert from "node:assert/strict";
import { test } from "node:test";
import { clearLearnedBypass, showLearnedBypass } from "#daemon/show-learned-bypass.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("a server name moves no cursor, in JSON either", async (t) => {
	const world = await commandWorld(t);
	const sni = "a\x9b2J\u202e";
	world.gateway.learnedBypass.refused({ profile: "p", host: "pin.example", port: 443, sni }, "10.0.0.1");
	for (const isJson of [false, true]) assert.match(showLearnedBypass(world, isJson), /^[\n -~]+$/);
	assert.equal(JSON.parse(showLearnedBypass(world, true)).learned[0].sni, sni);
});

test("what was learned is shown with profile, clients and end, and forgotten by host or all", async (t) => {
	const world = await commandWorld(t);
	assert.equal(showLearnedBypass(world, false), "Nothing is learned\n");
	for (const host of ["pin.example", "app.example"]) {
		world.gateway.learnedBypass.refused({ profile: "p", host, port: 443, sni: host }, "10.0.0.1");
	}
	assert.match(
		showLearnedBypass(world, false),
		/^pin\.example:443, server name pin\.example, profile p: refused by 1 clients, until /,
	);
	assert.equal(JSON.parse(showLearnedBypass(world, true)).learned.length, 2);
	assert.equal(clearLearnedBypass(world, "pin.example"), "1 server forgotten\n");
	assert.equal(clearLearnedBypass(world, undefined), "1 server forgotten\n");
	assert.equal(showLearnedBypass(world, false), "Nothing is learned\n");
});
