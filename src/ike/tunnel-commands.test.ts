import assert from "node:assert/strict";
import { test } from "node:test";
import { tunnelCommands, withdrawalCommands } from "#ike/tunnel-commands.ts";
import type { TunnelPlan } from "#ike/tunnel-plan.ts";

const plan: TunnelPlan = {
	unit: "st0.0",
	addresses: ["10.11.11.10/24"],
	mtu: 1_400,
	routes: [{ prefix: "192.168.168.0/24", gateway: undefined, metric: 5 }],
	vpns: [],
};
const refusing = "unreachable 192.168.168.0/24 metric 4000000000 proto 157";

test("B59: a new unit gets its size and addresses, comes up, and has its routes, each with one that refuses behind it", () => {
	assert.deepEqual(tunnelCommands(undefined, plan), [
		"link set dev st0.0 mtu 1400",
		"address add 10.11.11.10/24 dev st0.0",
		"link set dev st0.0 multicast off up",
		`route replace ${refusing}`,
		"route replace 192.168.168.0/24 metric 5 proto 157 dev st0.0",
	]);
});

test("nothing is done about what stays as it is", () => {
	assert.deepEqual(tunnelCommands(plan, plan), []);
});

test("a change is the difference alone; another address sets the routes again, as Linux takes them away with it", () => {
	assert.deepEqual(tunnelCommands(plan, { ...plan, mtu: 1_300 }), ["link set dev st0.0 mtu 1300"]);
	const other = { prefix: "10.2.0.0/16", gateway: "10.11.11.11", metric: 5 };
	assert.deepEqual(tunnelCommands(plan, { ...plan, routes: [other] }), [
		"route del 192.168.168.0/24 metric 5 proto 157 dev st0.0",
		`route del ${refusing}`,
		"route replace unreachable 10.2.0.0/16 metric 4000000000 proto 157",
		"route replace 10.2.0.0/16 via 10.11.11.11 metric 5 proto 157 dev st0.0",
	]);
	assert.deepEqual(tunnelCommands(plan, { ...plan, addresses: ["fd00::1/64"] }), [
		"address del 10.11.11.10/24 dev st0.0",
		"address add fd00::1/64 dev st0.0 nodad",
		`route replace ${refusing}`,
		"route replace 192.168.168.0/24 metric 5 proto 157 dev st0.0",
	]);
});

test("a unit that goes takes its routes with it: only what refuses is left to be taken away", () => {
	assert.deepEqual(tunnelCommands(plan, undefined), [`route del ${refusing}`]);
});

test("B52: routes of a tunnel that carries nothing go and come back; what refuses stays, the address that is pinged keeps one", () => {
	assert.deepEqual(withdrawalCommands(plan, false, "192.168.168.10"), [
		"route replace 192.168.168.10 metric 1 proto 157 dev st0.0",
		"route del 192.168.168.0/24 metric 5 proto 157 dev st0.0",
	]);
	assert.deepEqual(withdrawalCommands(plan, true, "192.168.168.10"), [
		"route replace 192.168.168.0/24 metric 5 proto 157 dev st0.0",
		"route del 192.168.168.10 metric 1 proto 157 dev st0.0",
	]);
	assert.deepEqual(withdrawalCommands(plan, false, undefined).length, 1);
});
