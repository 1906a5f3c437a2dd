import assert from "node:assert/strict";
import { test } from "node:test";
import { namedInterfaces } from "#firewall/verify-interface-names.ts";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const zone = (...names: readonly string[]) =>
	`security { zones { security-zone trust { interfaces { ${names.map((name) => `${name};`).join(" ")} } } } }`;

test("a zone whose interface stands for no device is told, with the statement that mends it", () => {
	assert.deepEqual(findingsOf(zone("ge-0/0/3.0", "eth0.0", "lo0.0", "st0.0")), [
		"warning security zones security-zone trust 'interfaces': ge-0/0/3.0 stands for no device of Linux; set interfaces ge-0/0/3 device DEVICE",
	]);
	assert.deepEqual(findingsOf(`interfaces { ge-0/0/3 { device eth3; unit 0; } } ${zone("ge-0/0/3.0")}`), []);
});

test("an interface that is configured without a device is told once, where it is configured", () => {
	assert.deepEqual(findingsOf(`interfaces { ge-0/0/3 { unit 0; } } ${zone("ge-0/0/3.0")}`), [
		"warning interfaces ge-0/0/3: no device of Linux has this name; set interfaces ge-0/0/3 device DEVICE",
	]);
});

test("so is the interface of a transparent listener", () => {
	const text = "services { gateway { transparent t { listen 8443; interfaces ge-0/0/1.0; } } }";
	assert.match(findingsOf(text).join("\n"), /gateway transparent t 'interfaces': ge-0\/0\/1\.0 stands for no device/);
});

test("interfaces are listed once, the configured ones first", () => {
	const config = configOf(`interfaces { ge-0/0/3 { device eth3; unit 0; } } ${zone("ge-0/0/3.0", "eth0.0")}`);
	assert.deepEqual(namedInterfaces(config), ["ge-0/0/3.0", "eth0.0"]);
});
