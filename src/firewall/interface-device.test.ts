import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceOf, isTunnelBase, splitInterface, unitOf } from "#firewall/interface-device.ts";
import { configOf } from "../../test/support/config-text.ts";

const { interfaces } = configOf(`interfaces {
	ge-0/0/0 { device eth0; unit 0; }
	ge-0/0/1 { device eth1; vlan-tagging; unit 7 { vlan-id 70; } }
	eth2 { unit 0; }
	lo0 { unit 0; }
}`);

test("a name of Junos stands for the device it is given, a name of Linux for itself", () => {
	assert.equal(deviceOf(interfaces, "ge-0/0/0.0"), "eth0");
	assert.equal(deviceOf(interfaces, "ge-0/0/1.7"), "eth1.70");
	assert.equal(deviceOf(interfaces, "eth2.0"), "eth2");
	assert.equal(deviceOf(interfaces, "eth9.0"), "eth9");
	assert.equal(deviceOf(interfaces, "lo0.0"), "lo");
	assert.equal(deviceOf(interfaces, "st0.3"), "st0.3");
	assert.equal(deviceOf(interfaces, "ge-0/0/9.0"), undefined);
});

test("a logical name has two parts; without a unit it is unit 0", () => {
	assert.deepEqual(splitInterface("ge-0/0/3.12"), { base: "ge-0/0/3", unit: "12" });
	assert.deepEqual(splitInterface("eth0"), { base: "eth0", unit: "0" });
	assert.equal(unitOf(interfaces, "ge-0/0/1.7")?.vlanId, 70);
	assert.equal(unitOf(interfaces, "ge-0/0/1.0"), undefined);
	assert.equal(isTunnelBase("st0"), true);
});
