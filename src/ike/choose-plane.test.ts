import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import { choosePlane } from "#ike/choose-plane.ts";
import type { TunnelPlan } from "#ike/tunnel-plan.ts";
import type { Connection } from "#ike/v2/connection.ts";

const tunnel = (unit: string, dfBit: "clear" | "set", ...vpns: readonly string[]): TunnelPlan => ({
	unit,
	addresses: [],
	mtu: 1_400,
	routes: [],
	vpns: vpns.map((name) => ({ name, replayWindow: 64, dfBit })),
});
const to = (remote: readonly string[] | undefined, ...children: readonly string[]) =>
	({
		local: parseAddress("192.0.2.1"),
		remote: remote?.map(parseAddress),
		children: children.map((name) => ({ name })),
	}) as unknown as Connection;

test("the kernel carries the packets when it can and what is configured fits; otherwise it is told why not", () => {
	const plan = [tunnel("st0.0", "clear", "v"), tunnel("st0.1", "clear", "w")];
	const connections = [to(["198.51.100.1"], "v"), to(["198.51.100.2"], "w")];
	const choose = (wish: "auto" | "kernel" | "user-space", refusal?: string) => {
		const { kind, reason, gaps } = choosePlane({ dataPlane: wish, tunnels: plan, mss: 0 }, connections, refusal);
		return [kind, reason, gaps.map(({ vpn }) => vpn).join()];
	};
	assert.deepEqual(choose("auto"), ["kernel", "the kernel can, and the configuration fits", ""]);
	assert.deepEqual(choose("auto", "no ESP"), ["user-space", "the kernel cannot: no ESP", ""]);
	assert.deepEqual(choose("kernel"), ["kernel", "it is configured", ""]);
	assert.deepEqual(choose("kernel", "no ESP"), ["user-space", "the kernel cannot: no ESP", "v,w"]);
	assert.deepEqual(choose("user-space"), ["user-space", "it is configured", ""]);
});

test("what the kernel cannot carry goes to user space with all the rest, or is not run when the kernel was wanted", () => {
	const several = [tunnel("st0.0", "clear", "v", "w")];
	const odd = [tunnel("st0.0", "set", "v"), tunnel("st0.1", "clear", "w")];
	const twice = [tunnel("st0.0", "clear", "v"), tunnel("st0.1", "clear", "w")];
	const shared = [to(["198.51.100.1"], "v", "w")];
	const reasonOf = (plan: readonly TunnelPlan[], connections: readonly Connection[] = []) => {
		const forced = choosePlane({ dataPlane: "kernel", tunnels: plan, mss: 0 }, connections, undefined);
		assert.equal(forced.kind, "kernel");
		const { kind, reason, gaps } = choosePlane({ dataPlane: "auto", tunnels: plan, mss: 0 }, connections, undefined);
		assert.deepEqual([kind, gaps], ["user-space", []]);
		return `${forced.gaps.map(({ vpn }) => vpn).join()} ${reason}`;
	};
	assert.match(reasonOf(several), /^v,w VPN "v": the kernel's device for st0\.0 is for one VPN$/);
	assert.match(reasonOf(odd), /^v VPN "v": .*; expected df-bit copy or clear$/);
	assert.match(
		reasonOf(twice, shared),
		/^w VPN "w": the kernel cannot tell it from VPN "v", whose peer is 198\.51\.100\.1, too$/,
	);
	// Where a peer will come from is not known.
	const elsewhere = [to(undefined, "v"), to(["a::1", "a::2"], "w")];
	assert.equal(choosePlane({ dataPlane: "auto", tunnels: twice, mss: 0 }, elsewhere, undefined).kind, "kernel");
	// Nobody but user space makes segments smaller.
	assert.match(choosePlane({ dataPlane: "auto", tunnels: twice, mss: 1_350 }, elsewhere, undefined).reason, /tcp-mss/);
	const forced = choosePlane({ dataPlane: "kernel", tunnels: twice, mss: 1_350 }, elsewhere, undefined);
	assert.match(`${forced.kind}: ${forced.reason}`, /^kernel: it is configured, but .*tcp-mss/);
});
