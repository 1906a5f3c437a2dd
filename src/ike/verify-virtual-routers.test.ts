import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const router = (name: string, ...interfaces: string[]) =>
	`${name} { instance-type virtual-router; ${interfaces.map((one) => `interface ${one};`).join(" ")} }`;
const unit = (address: string, more = "") => `unit 0 { ${more} family inet { address ${address}; } }`;

test("B66: the network of an external interface occurs in one router only; others may overlap", () => {
	const says = (address: string) =>
		findingsOf(
			vpnText({
				interfaces: `st0 { ${unit("10.255.0.1/30")} } eth1 { ${unit(address)} }`,
				top: `routing-instances { ${router("VR1", "eth1.0", "st0.0")} }`,
			}),
		);
	assert.deepEqual(says("10.1.0.1/24"), []);
	assert.deepEqual(says("198.51.100.65/26"), [
		"error security ike gateway g 'external-interface': its network 198.51.100.1/24 overlaps with eth1.0 in routing instance VR1",
	]);
});

test("B66: addresses of tunnels may overlap between routers when they are point-to-point", () => {
	const says = (multipoint: string) =>
		findingsOf(
			vpnText({
				interfaces: `st0 { ${unit("10.255.0.1/30")} unit 1 { ${multipoint} family inet { address 10.255.0.2/30; } } }`,
				top: `routing-instances { ${router("VR1", "st0.1")} }`,
			}),
		);
	assert.deepEqual(says(""), []);
	assert.deepEqual(says("multipoint;"), [
		"error interfaces st0 unit 1 'family': network 10.255.0.2/30 overlaps with st0.0, and one of the two is multipoint",
	]);
});

test("B66: a pair of gateway addresses occurs in one router", () => {
	const second = (remote: string) =>
		findingsOf(
			vpnText({
				security: `ike { gateway h { ike-policy p; external-interface eth1.0; address ${remote}; } }`,
				interfaces: `st0 { ${unit("10.255.0.1/30")} } eth1 { ${unit("198.51.100.1/24")} }`,
				top: `routing-instances { ${router("VR1", "eth1.0")} }`,
			}),
		).filter((line) => line.includes("'address'"));
	assert.deepEqual(second("192.0.2.2"), []);
	assert.deepEqual(second("192.0.2.1"), [
		`error security ike gateway h 'address': gateway "g" in the main router goes from 198.51.100.1 to 192.0.2.1 already`,
	]);
});

test("B64: a peer without a fixed address, and an lo0 by itself, are not offered in a virtual router", () => {
	assert.deepEqual(
		findingsOf(
			vpnText({ gateway: "dynamic inet 192.0.2.1;", top: `routing-instances { ${router("VR1", "eth0.0")} }` }),
		),
		["error security ike gateway g 'dynamic': a peer without a fixed address is not offered in routing instance VR1"],
	);
	const text = (...members: string[]) =>
		vpnText({
			interfaces: `st0 { ${unit("10.255.0.1/30")} } lo0 { ${unit("203.0.113.1/32")} }`,
			top: `routing-instances { ${router("VR1", ...members)} }`,
		}).replace("external-interface eth0.0", "external-interface lo0.0");
	assert.deepEqual(findingsOf(text("lo0.0", "eth0.0")), []);
	assert.deepEqual(findingsOf(text("lo0.0", "st0.0")), [
		"error security ike gateway g 'external-interface': routing instance VR1 has no physical interface beside lo0.0 at which IKE could arrive",
	]);
});
