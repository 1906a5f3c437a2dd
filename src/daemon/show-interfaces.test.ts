import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { showInterfaceDevices } from "#daemon/show-interfaces.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("each interface is told with its device and what Linux says of it", async (t) => {
	const interfaces = "interfaces { ge-0/0/0 { device nosuch0; unit 0; } ge-0/0/9 { unit 0; } lo0 { unit 0; } }";
	const world = await commandWorld(t, { configuration: `${defaultConfiguration(false)} ${interfaces}` });
	assert.equal(
		showInterfaceDevices(world).replace(/unknown|up/, "(state)"),
		`Interface   Device   State
ge-0/0/0.0  nosuch0  absent
ge-0/0/9.0  -        no device has this name
lo0.0       lo       (state)
`,
	);
});

test("without interfaces that is said", async (t) => {
	assert.equal(showInterfaceDevices(await commandWorld(t)), "No interface is configured\n");
});
