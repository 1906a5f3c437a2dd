import assert from "node:assert/strict";
import { test } from "node:test";
import { commandWorld, runHandler } from "../../test/support/command-world.ts";
import { addressOf } from "../../test/support/ike-network.ts";
import { association, childState, vpnState, vpnsState } from "../../test/support/vpn-states.ts";

const over6 = { address: addressOf("1212::1112"), port: 4_500 };
const path6 = { local: over6, remote: over6 };
const two = vpnsState({
	associations: [association(), association({ id: 2, path: path6 }), association({ id: 3, phase: "closed" })],
	vpns: [vpnState(), vpnState({ index: 131_074, name: "six", children: [childState({ inboundSpi: 7, path: path6 })] })],
});

test("B71, B72: filters choose what is shown; of one tunnel everything is told", async (t) => {
	const world = await commandWorld(t);
	assert.equal(await runHandler(world, "show-ike-associations"), "");
	assert.equal(await runHandler(world, "show-ipsec-associations"), "  Total active tunnels: 0\n");
	world.gateway.vpnsState = two;
	const lines = async (values: Record<string, string>) =>
		(await runHandler(world, "show-ike-associations", values)).trimEnd().split("\n").length - 1;
	assert.deepEqual(
		await Promise.all([{}, { family: "inet6" }, { peer: "1212:0::1112" }, { index: "1" }].map(lines)),
		[2, 1, 1, 1],
	);
	assert.match(
		await runHandler(world, "show-ike-associations", { index: "2", detail: "" }),
		/^IKE peer 1212::1112, Index 2,\n/,
	);
	await assert.rejects(
		runHandler(world, "show-ike-associations", { index: "9" }),
		/no association of IKE has the index 9/,
	);
	assert.match(
		await runHandler(world, "show-ipsec-associations", { family: "inet6" }),
		/active tunnels: 1\n[\s\S]*1212::1112\n$/,
	);
	assert.match(await runHandler(world, "show-ipsec-associations", { index: "131074" }), /VPN Name: six/);
	assert.match(await runHandler(world, "show-ipsec-associations", { index: "131074", brief: "" }), /^ {2}Total active/);
	assert.match(await runHandler(world, "show-ipsec-statistics", { index: "131073" }), /SA index: 131073/);
	await assert.rejects(runHandler(world, "show-ipsec-statistics", { index: "5" }), /no tunnel has the index 5/);
});

test("what is cleared is what the same filters show", async (t) => {
	const world = await commandWorld(t);
	world.gateway.vpnsState = two;
	world.applied.length = 0;
	await runHandler(world, "clear-ike-associations", { port: "4500" });
	await runHandler(world, "clear-ipsec-associations", { family: "inet6" });
	await runHandler(world, "clear-ipsec-statistics");
	assert.deepEqual(world.applied, [
		'clear: {"what":"ike","associations":[2]}',
		'clear: {"what":"ipsec","inboundSpis":[7]}',
		'clear: {"what":"statistics","indexes":[131073,131074]}',
	]);
});

test("the same as JSON, with addresses as they are written", async (t) => {
	const world = await commandWorld(t);
	world.gateway.vpnsState = two;
	const associations = JSON.parse(await runHandler(world, "show-ike-associations", {}, true));
	assert.equal(associations[1].path.remote.address, "1212::1112");
	const vpns = JSON.parse(await runHandler(world, "show-ipsec-associations", {}, true));
	assert.deepEqual([vpns[0].index, vpns[0].children[0].cipher], [131_073, "aes-128-cbc"]);
	const [statistics] = JSON.parse(await runHandler(world, "show-ipsec-statistics", { index: "131073" }, true));
	assert.equal(statistics.counters.encryptedPackets, 1_246);
});
