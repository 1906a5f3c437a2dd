import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePacketFilter, type PacketFilterPlan } from "#firewall/packet-filter.ts";
import { configOf } from "../../test/support/config-text.ts";

const listener = "services { gateway { transparent lan { listen 15443; interfaces eth1.0; } } }";
const zones = `security { zones { security-zone trust { interfaces { eth1.0; } } security-zone untrust { interfaces { eth2.0; } } }
	policies { from-zone trust to-zone untrust { policy web { match { source-address any; destination-address any; application any; }
		then { permit; } } } } }`;

function planOf(text: string, devices: readonly string[] = ["lo", "eth1", "eth2"]): PacketFilterPlan {
	return compilePacketFilter(configOf(text), {
		now: 0,
		resolved: new Map(),
		devices: new Set(devices),
		families: ["ipv4", "ipv6"],
		ownMark: 7,
	});
}

const chainsOf = ({ ruleset }: PacketFilterPlan) =>
	(ruleset?.nftables ?? []).flatMap(({ add }) => (add as { chain?: { name: string } } | undefined)?.chain?.name ?? []);

test("without listeners and zones nothing is in the kernel", () => {
	const { ruleset, routed, filtersForwarded } = planOf("");
	assert.deepEqual([ruleset, routed, filtersForwarded], [undefined, [], false]);
});

test("a transparent listener brings its rules and the routing of both families, and no policies", () => {
	const plan = planOf(listener);
	assert.deepEqual(chainsOf(plan), ["divert", "translate", "guard", "own", "quic"]);
	assert.deepEqual([plan.routed, plan.filtersForwarded], [["ipv4", "ipv6"], false]);
});

test("zones bring the policies once a device of theirs is there; both stand in one transaction", () => {
	assert.equal(planOf(zones, ["lo"]).ruleset, undefined);
	const alone = planOf(zones);
	assert.deepEqual([chainsOf(alone), alone.routed], [["refuse", "forward"], []]);
	assert.deepEqual([...alone.counters], [["web (trust to untrust)", "policy-1"]]);
	const both = planOf(listener + zones);
	assert.deepEqual(chainsOf(both), ["divert", "translate", "guard", "own", "quic", "refuse", "forward"]);
	const deletions = (both.ruleset?.nftables ?? []).filter((one) => "delete" in one);
	assert.equal(deletions.length, 1);
});

test("policies that the kernel cannot be told stay out as a whole, and the listener's rules do not", () => {
	const named = zones
		.replace("destination-address any", "destination-address named")
		.replace("permit", "deny")
		.replace("security {", "security { address-book { global { address named dns-name www.example; } }");
	const plan = planOf(listener + named);
	assert.deepEqual(plan.gaps, [
		{ policy: "web (trust to untrust)", reason: "the addresses of www.example are not known" },
	]);
	assert.deepEqual([chainsOf(plan).includes("forward"), chainsOf(plan).includes("divert")], [false, true]);
	assert.equal(plan.filtersForwarded, false);
});
