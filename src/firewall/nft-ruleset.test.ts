import assert from "node:assert/strict";
import { test } from "node:test";
import { compileNftRuleset } from "#firewall/nft-ruleset.ts";
import { configOf } from "../../test/support/config-text.ts";
import { everyPolicy, everyPolicyHosts } from "../../test/support/ruleset.ts";

const noon = new Date(2026, 0, 5, 12).getTime();
const night = new Date(2026, 0, 5, 21).getTime();
const compiled = (now = noon, resolved = everyPolicyHosts, text = everyPolicy) =>
	compileNftRuleset(configOf(text), { now, resolved });

interface Rule {
	readonly chain: string;
	readonly expr: readonly unknown[];
	readonly comment?: string;
}

function rulesOf(policy: string, now = noon): readonly (readonly unknown[])[] {
	const rules = compiled(now).ruleset.nftables.flatMap(({ add }) => (add as { rule?: Rule } | undefined)?.rule ?? []);
	return rules.filter(({ comment }) => comment === policy).map(({ expr }) => expr);
}

function setsOf(): Record<string, readonly unknown[]> {
	const sets = compiled().ruleset.nftables.flatMap(
		({ add }) => (add as { set?: { name: string; elem: readonly unknown[] } } | undefined)?.set ?? [],
	);
	return Object.fromEntries(sets.map(({ name, elem }) => [name, elem]));
}

const meta = (key: string, right: unknown) => ({ match: { op: "==", left: { meta: { key } }, right } });
const payload = (protocol: string, field: string, right: unknown, op = "==") => ({
	match: { op, left: { payload: { protocol, field } }, right },
});
const between = [meta("iifname", { set: ["eth1"] }), meta("oifname", { set: ["eth2"] })];

test("a policy between zones asks for their devices, its addresses by set and its ports, and counts", () => {
	assert.deepEqual(rulesOf("web (trust to untrust)"), [
		[
			...between,
			meta("nfproto", "ipv4"),
			payload("ip", "saddr", "@ip-1"),
			payload("ip", "daddr", "@ip-2"),
			payload("tcp", "dport", { set: [80, 443] }),
			{ counter: "policy-1" },
			{ accept: null },
		],
	]);
	assert.deepEqual(setsOf()["ip-1"], [{ range: ["10.1.0.0", "10.1.255.255"] }]);
	assert.deepEqual(setsOf()["ip-2"], [{ range: ["192.0.2.10", "192.0.2.20"] }]);
});

test("a mask with holes is compared by its bits, each protocol has a rule of its own, and reject tells the client", () => {
	const [udp, icmp, ...more] = rulesOf("odd (trust to untrust)");
	assert.deepEqual(more, []);
	const left = { "&": [{ payload: { protocol: "ip", field: "saddr" } }, "255.0.0.255"] };
	assert.deepEqual(udp?.[3], { match: { op: "==", left, right: "10.0.0.11" } });
	assert.deepEqual(udp?.[4], payload("udp", "dport", { set: [{ range: [1000, 2000] }] }));
	assert.deepEqual(icmp?.slice(4, 6), [payload("icmp", "type", 8), payload("icmp", "code", 0)]);
	assert.deepEqual(udp?.at(-1), { goto: { target: "refuse" } });
});

test("excluded IPv4 addresses leave the rest of IPv4 and all of IPv6", () => {
	assert.deepEqual(
		rulesOf("but (trust to untrust)").map((expr) => expr.slice(2, -2)),
		[[meta("nfproto", "ipv4"), payload("ip", "saddr", "@ip-1", "!=")], [meta("nfproto", "ipv6")]],
	);
});

test("a policy is in the table while its scheduler holds", () => {
	assert.equal(rulesOf("late (trust to untrust)").length, 0);
	assert.equal(rulesOf("late (trust to untrust)", night).length, 1);
});

test("a zone without interfaces has no rule, host names are their addresses, ICMP stays in its family", () => {
	assert.deepEqual(rulesOf("none (trust to empty)"), []);
	assert.deepEqual(
		rulesOf("name").map((expr) => expr.slice(0, -2)),
		[[meta("nfproto", "ipv6"), payload("ip6", "daddr", "@ip6-3"), payload("icmpv6", "type", 128)]],
	);
	assert.deepEqual(
		rulesOf("ping").map((expr) => expr[0]),
		[meta("l4proto", 1), meta("l4proto", 47)],
	);
});

test("what the table cannot hold is told: names without addresses, interfaces without a device", () => {
	assert.deepEqual(compiled(noon, new Map()).gaps, [
		{ policy: "name", reason: "the addresses of www.example are not known" },
	]);
	assert.deepEqual(compiled(noon, everyPolicyHosts, everyPolicy.replace("device eth2;", "")).gaps[0], {
		policy: "web (trust to untrust)",
		reason: "interface ge-0/0/2.0 has no device of Linux",
	});
});

test("B60: from one interface of a zone to another a policy of that zone with itself permits, and nothing else does", () => {
	const hub = (policies: string) =>
		compileNftRuleset(
			configOf(`
				interfaces { st0 { unit 0; unit 1; } }
				security {
					zones { security-zone vpn { interfaces { st0.0; st0.1; } } security-zone trust; }
					policies { ${policies} }
				}`),
			{ now: noon, resolved: new Map() },
		);
	const accepts = (policies: string) =>
		JSON.stringify(hub(policies).ruleset).match(/"accept":null\}\],"comment":"[^"]*"/g);
	assert.match(JSON.stringify(hub("")), /"hook":"forward","prio":0,"policy":"drop"/);
	assert.equal(accepts(""), null);
	const permit = "match { source-address any; destination-address any; application any; } then { permit; }";
	assert.equal(accepts(`from-zone trust to-zone vpn { policy out { ${permit} } }`), null);
	const [spokes, ...more] = accepts(`from-zone vpn to-zone vpn { policy spokes { ${permit} } }`) ?? [];
	assert.match(spokes ?? "", /spokes \(vpn to vpn\)/);
	assert.deepEqual(more, []);
});

test("the same configuration gives the same table, and the default policy is that of the chain", () => {
	assert.equal(JSON.stringify(compiled().ruleset), JSON.stringify(compiled().ruleset));
	assert.match(JSON.stringify(compiled().ruleset), /"hook":"forward","prio":0,"policy":"drop"/);
	const open = compileNftRuleset(configOf("security { policies { default-policy { permit-all; } } }"), {
		now: noon,
		resolved: new Map(),
	});
	assert.match(JSON.stringify(open.ruleset), /"policy":"accept"/);
});
