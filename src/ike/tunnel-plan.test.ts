import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTunnels } from "#ike/tunnel-plan.ts";
import { configOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const plans = (parts: Parameters<typeof vpnText>[0]) => compileTunnels(configOf(vpnText(parts)));

test("B59: a unit has its addresses, the VPN that is bound to it, and the routes that lead over it", () => {
	const top = `routing-options { static {
		route 192.168.168.0/24 next-hop st0.0;
		route 10.3.0.0/16 { next-hop 10.255.0.2; metric 7; }
		route 0.0.0.0/0 next-hop 198.51.100.254;
		route 10.4.0.0/16 next-hop st0.1;
	} rib inet6.0 { static { route fd01::/16 next-hop st0.0; } } }`;
	assert.deepEqual(plans({ top }), [
		{
			unit: "st0.0",
			addresses: ["10.255.0.1/30"],
			mtu: 1_400,
			routes: [
				{ prefix: "192.168.168.0/24", gateway: undefined, metric: 5 },
				{ prefix: "10.3.0.0/16", gateway: "10.255.0.2", metric: 7 },
				{ prefix: "fd01::/16", gateway: undefined, metric: 5 },
			],
			vpns: [{ name: "v", replayWindow: 64, dfBit: "clear" }],
		},
	]);
});

test("B44: no-anti-replay switches the window off; the smallest MTU that is said counts", () => {
	const [plan] = plans({
		vpn: "bind-interface st0.0; ike { gateway g; ipsec-policy p; no-anti-replay; }",
		interfaces:
			"st0 { mtu 1350; unit 0 { family inet { mtu 1300; address 10.0.0.1/32; } family inet6 { mtu 1280; } } }",
	});
	assert.deepEqual([plan?.mtu, plan?.vpns[0]?.replayWindow], [1_280, 0]);
	assert.equal(plans({ interfaces: "st0 { mtu 1350; unit 0; }" })[0]?.mtu, 1_350);
});

test("a unit without a VPN is there all the same, as its routes must not lead elsewhere; one that is disabled is not", () => {
	const interfaces = "st0 { unit 0 { disable; } unit 7 { family inet { address 10.7.0.1/30; } } }";
	assert.deepEqual(
		plans({ interfaces }).map(({ unit, vpns }) => [unit, vpns.length]),
		[["st0.7", 0]],
	);
	assert.deepEqual(
		plans({ interfaces: "eth1 { unit 0; }" }).map(({ unit }) => unit),
		["st0.0"],
	);
});
