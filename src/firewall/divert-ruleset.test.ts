import assert from "node:assert/strict";
import { test } from "node:test";
import { divertCommands, divertListeners } from "#firewall/divert-ruleset.ts";
import { configOf } from "../../test/support/config-text.ts";

const listenersOf = (transparent: string) =>
	divertListeners(configOf(`interfaces { ge-0/0/1 { device eth1; unit 0; } } services { gateway { ${transparent} } }`));

const lan = "transparent lan { listen 15443; interfaces [ ge-0/0/1.0 eth2.0 ]; }";

interface Rule {
	readonly chain: string;
	readonly expr: readonly Record<string, unknown>[];
}

function rulesOf(transparent: string, chain: string, families: readonly ("ipv4" | "ipv6")[] = ["ipv4", "ipv6"]) {
	const commands = divertCommands(listenersOf(transparent), families, 0x5a12_0007);
	const rules = commands.flatMap(({ add }) => (add as { readonly rule?: Rule }).rule ?? []);
	return rules.filter((rule) => rule.chain === chain).map(({ expr }) => expr);
}

const verdicts = (rules: readonly (readonly Record<string, unknown>[])[]) =>
	rules.map((expr) => expr.flatMap((one) => Object.keys(one).filter((key) => key !== "match")).join(" "));

test("R255: a listener has the devices of its interfaces, port 443 and no QUIC unless told otherwise", () => {
	assert.deepEqual(listenersOf(lan), [
		{
			name: "lan",
			mode: "tproxy",
			port: 15_443,
			devices: ["eth1", "eth2"],
			ports: [{ from: 443, to: 443 }],
			refusesQuic: true,
		},
	]);
	const other = "transparent a { listen 1; mode redirect; interfaces eth1.0; ports [ 25 any ]; quic forward; }";
	const [listener] = listenersOf(other);
	assert.deepEqual([listener?.ports, listener?.mode, listener?.refusesQuic], [undefined, "redirect", false]);
});

test("an interface without a device has no clients; without listeners there is nothing", () => {
	assert.deepEqual(listenersOf("transparent a { listen 1; interfaces ge-0/0/9.0; }"), []);
	assert.deepEqual(divertCommands([], ["ipv4"], 1), []);
});

test("R5: connections are handed over without a change, each family to a socket of its own, else they are reset", () => {
	const taking = rulesOf(lan, "divert").slice(-3);
	assert.deepEqual(verdicts(taking), ["tproxy mangle accept", "tproxy mangle accept", "reject"]);
	assert.deepEqual(taking[0]?.slice(0, 4), [
		{ match: { op: "==", left: { meta: { key: "nfproto" } }, right: "ipv4" } },
		{ match: { op: "==", left: { meta: { key: "iifname" } }, right: { set: ["eth1", "eth2"] } } },
		{ match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: { set: [443] } } },
		{ tproxy: { family: "ip", addr: "127.0.0.1", port: 15_443 } },
	]);
	assert.deepEqual(taking[1]?.[3], { tproxy: { family: "ip6", addr: "::1", port: 15_443 } });
	assert.deepEqual(verdicts(rulesOf(lan, "divert", ["ipv4"]).slice(-2)), ["tproxy mangle accept", "reject"]);
});

test("before that, packets of own sockets come here, and own connections and addresses are left alone", () => {
	const rules = rulesOf(lan, "divert").slice(0, -3);
	assert.deepEqual(verdicts(rules), ["mangle accept", "return", "return", "return"]);
	assert.match(JSON.stringify(rules[1]), /"ct":\{"key":"mark"\}\},"right":1511129095/);
	assert.deepEqual(
		rules.slice(2).map((expr) => JSON.stringify(expr).match(/"[sd]addr"/)?.[0]),
		['"saddr"', '"daddr"'],
	);
});

test("R14 R119: every port, and ranges", () => {
	const ranges = "transparent a { listen 1; interfaces eth1.0; ports [ 25 8000-8999 ]; }";
	assert.match(JSON.stringify(rulesOf(ranges, "divert").at(-1)), /"right":\{"set":\[25,\{"range":\[8000,8999\]\}\]\}/);
	const any = "transparent a { listen 1; interfaces eth1.0; ports any; }";
	assert.match(JSON.stringify(rulesOf(any, "divert").at(-1)), /"l4proto"\}\},"right":6/);
});

test("by translation connections come to the port, which answers nobody else", () => {
	const redirect = "transparent a { listen 15443; mode redirect; interfaces eth1.0; }";
	assert.deepEqual(verdicts(rulesOf(redirect, "translate")), ["return", "return", "redirect"]);
	const [guard] = rulesOf(redirect, "guard");
	assert.deepEqual(guard?.[1], { match: { op: "!", left: { ct: { key: "status" } }, right: "dnat" } });
	assert.deepEqual(verdicts(rulesOf(redirect, "divert")), ["mangle accept", "return", "return", "return"]);
});

test("QUIC is answered with port unreachable and counted, some of it logged before, unless it is left to the policies", () => {
	const [logged, refused] = rulesOf(lan, "quic");
	assert.deepEqual(logged?.slice(2), [
		{ limit: { rate: 100, burst: 200, per: "second" } },
		{ log: { prefix: "l:lan", group: 23_057, snaplen: 2_048, "queue-threshold": 1 } },
	]);
	assert.deepEqual(refused?.slice(2), [{ counter: "quic" }, { reject: { type: "icmpx", expr: "port-unreachable" } }]);
	assert.deepEqual(logged?.slice(0, 2), refused?.slice(0, 2));
	assert.deepEqual(rulesOf(lan.replace("listen", "quic forward; listen"), "quic"), []);
});
