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

test("a name that is longer than Linux takes stands for no device", () => {
	const { interfaces: long } = configOf(`interfaces {
	enp134s0f1np1a { vlan-tagging; unit 1 { vlan-id 1; } unit 2 { vlan-id 22; } }
	abcdefghijklmnop { unit 0; }
	ge-0/0/0 { device enp134s0f1np1ab; unit 0; }
}`);
	assert.equal(deviceOf(long, "enp134s0f1np1a.0"), "enp134s0f1np1a");
	assert.equal(deviceOf(long, "enp134s0f1np1a.1"), undefined);
	assert.equal(deviceOf(long, "abcdefghijklmnop.0"), undefined);
	assert.equal(deviceOf(long, "ge-0/0/0.0"), "enp134s0f1np1ab");
});

test("a logical name has two parts; without a unit it is unit 0", () => {
	assert.deepEqual(splitInterface("ge-0/0/3.12"), { base: "ge-0/0/3", unit: "12" });
	assert.deepEqual(splitInterface("eth0"), { base: "eth0", unit: "0" });
	assert.equal(unitOf(interfaces, "ge-0/0/1.7")?.vlanId, 70);
	assert.equal(unitOf(interfaces, "ge-0/0/1.0"), undefined);
	assert.equal(isTunnelBase("st0"), true);
});
