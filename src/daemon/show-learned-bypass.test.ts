import assert from "node:assert/strict";
import { test } from "node:test";
import { clearLearnedBypass, showLearnedBypass } from "#daemon/show-learned-bypass.ts";
import { commandWorld } from "../../test/support/command-world.ts";

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
