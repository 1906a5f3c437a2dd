import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "#base/address.ts";
import { compileMonitors } from "#ike/monitor-plan.ts";
import { configOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const addressOf = (name: string, octets: number) =>
	name === "lan.0" && octets === 4 ? parseAddress("10.1.1.1") : undefined;

function compile(monitor: string, options = "") {
	const vpn = `bind-interface st0.0; ${monitor} ike { gateway g; ipsec-policy p; }`;
	const text = vpnText({ vpn, security: `ipsec { ${options} }` });
	return compileMonitors(configOf(text).security.ipsec, { addressOf });
}

test("B52: a monitor pings the peer from the tunnel's end every ten seconds, ten times; the statements say otherwise", () => {
	assert.deepEqual(compile("vpn-monitor;").monitors, [
		{ vpn: "v", source: undefined, destination: undefined, interval: 10_000, threshold: 10, isOptimized: false },
	]);
	const [one] = compile(
		"vpn-monitor { optimized; source-interface lan.0; destination-ip 10.2.2.2; }",
		"vpn-monitor-options { interval 15; threshold 15; }",
	).monitors;
	assert.ok(one?.source !== undefined && one.destination !== undefined);
	assert.deepEqual([one.source, one.destination].map(formatAddress), ["10.1.1.1", "10.2.2.2"]);
	assert.deepEqual([one.interval, one.threshold, one.isOptimized], [15_000, 15, true]);
	assert.deepEqual(compile("").monitors, []);
});

test("a source without an address of the destination's family is told; the tunnel runs without a monitor", () => {
	const { monitors, gaps } = compile("vpn-monitor { source-interface lan.0; destination-ip 2001:db8::1; }");
	assert.deepEqual(monitors, []);
	assert.deepEqual(gaps, [
		{ vpn: "v", reason: "its monitor does not run, the tunnel does: lan.0 has no address of IPv6" },
	]);
});
