import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const interfaces = (statements: string) => findingsOf(`interfaces { ${statements} }`);

test("a Junos name without a device is told; tunnel interfaces have none", () => {
	assert.deepEqual(interfaces("ge-0/0/0 { unit 0; } lo0 { unit 0; } eth0 { unit 0; } st0 { unit 0; }"), [
		"warning interfaces ge-0/0/0: no device of Linux has this name; set interfaces ge-0/0/0 device DEVICE",
	]);
	assert.deepEqual(interfaces("st0 { device tun0; unit 0; }"), [
		"error interfaces st0 'device': tunnel interfaces are made by this system and have no device",
	]);
});

test("a device belongs to one logical interface, unless VLANs tell them apart", () => {
	assert.deepEqual(interfaces("ge-0/0/0 { device eth0; unit 0; } eth0 { unit 0; }"), [
		"error interfaces ge-0/0/0 unit 0: device eth0 is eth0.0 already",
	]);
	assert.deepEqual(interfaces("eth0 { unit 0; unit 1; }"), [
		"error interfaces eth0 unit 1: device eth0 is eth0.0 already",
	]);
	assert.deepEqual(interfaces("eth0 { vlan-tagging; unit 1 { vlan-id 1; } unit 2 { vlan-id 2; } }"), []);
	assert.deepEqual(interfaces("eth0 { unit 1 { vlan-id 1; } }"), [
		"error interfaces eth0 unit 1 'vlan-id': needs 'vlan-tagging' on the interface",
	]);
});

test("an address of two interfaces is told; multipoint is of tunnels", () => {
	const unit = "unit 0 { family inet { address 192.0.2.1/24; } }";
	assert.deepEqual(interfaces(`eth0 { ${unit} } eth1 { ${unit} }`), [
		"warning interfaces eth1 unit 0 'family': address 192.0.2.1 is that of eth0.0 too",
	]);
	assert.deepEqual(interfaces("eth0 { unit 0 { multipoint; } }"), [
		"error interfaces eth0 unit 0 'multipoint': is of tunnel interfaces (st0) only",
	]);
});

test("an interface is in one routing instance", () => {
	const instance = (name: string) => `${name} { instance-type virtual-router; interface eth0.0; }`;
	assert.deepEqual(findingsOf(`routing-instances { ${instance("a")} ${instance("b")} }`), [
		"error routing-instances b 'interface': eth0.0 is in routing instance a already",
	]);
	assert.deepEqual(findingsOf("routing-instances { a { instance-type forwarding; interface eth0.0; } }"), [
		"error routing-instances a 'interface': an instance of type forwarding has no interfaces",
	]);
});

test("next hops are of the family of the route, and no multipoint interface", () => {
	const route = (text: string, more = "") => findingsOf(`routing-options { static { route ${text}; } } ${more}`);
	assert.deepEqual(route("10.0.0.0/8 next-hop 2001:db8::1"), [
		"error routing-options static route 10.0.0.0/8 'next-hop': 2001:db8::1 is not of the family of 10.0.0.0/8",
	]);
	assert.deepEqual(route("10.0.0.0/8 next-hop st0.0"), [
		"warning routing-options static route 10.0.0.0/8 'next-hop': st0.0 is not configured under 'interfaces'",
	]);
	assert.deepEqual(route("10.0.0.0/8 next-hop st0.0", "interfaces { st0 { unit 0; } }"), []);
	assert.deepEqual(route("10.0.0.0/8 next-hop st0.0", "interfaces { st0 { unit 0 { multipoint; } } }"), [
		"error routing-options static route 10.0.0.0/8 'next-hop': st0.0 is multipoint; the next hop is the address of a peer on it",
	]);
});

test("a VLAN whose device would have too long a name is told", () => {
	assert.deepEqual(interfaces("enp134s0f1np1a { vlan-tagging; unit 1 { vlan-id 1; } }"), [
		"error interfaces enp134s0f1np1a unit 1 'vlan-id': device enp134s0f1np1a.1 has a name of 16 characters; Linux takes 15",
	]);
});
