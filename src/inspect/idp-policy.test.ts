import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { asksForZones, compileIdpPolicies, type IdpPlan, IdpRulings, selectSignatures } from "#inspect/idp-policy.ts";
import type { ConnectionFacts } from "#policy/evaluate.ts";
import { ZoneTable } from "#policy/zone-table.ts";
import { loadRules } from "#signature/rule-set.ts";
import { configOf } from "../../test/support/config-text.ts";

const rules = loadRules([
	{
		name: "rules",
		text: [
			'drop http any any -> any any (msg:"a web attack"; classtype:web-application-attack; http.uri; content:"a"; sid:1;)',
			'alert http any any -> any any (msg:"a trojan"; classtype:trojan-activity; http.uri; content:"b"; sid:2;)',
			'alert tls any any -> any any (msg:"a name"; tls.sni; content:"c"; sid:3;)',
			'alert http any any -> any any (msg:"asks"; flowbits:isset,x; sid:4;)',
			'alert http any any -> any any (msg:"sets"; flowbits:set,x; http.uri; content:"d"; sid:5;)',
		].join("\n"),
	},
]).signatures;

function planOf(policy: string, more = ""): IdpPlan {
	const plan = compileIdpPolicies(configOf(`security { idp { idp-policy p { ${policy} } } ${more} }`)).get("p");
	assert.ok(plan !== undefined);
	return plan;
}

function selected(policy: string): string[] {
	const { signatures } = selectSignatures(rules, planOf(policy));
	return signatures.map(({ sid, action, isNoAlert }) => `${sid} ${action}${isNoAlert ? " silent" : ""}`);
}

function ips(attacks: string, action: string, more = ""): string {
	return `rulebase-ips { rule r { match { attacks { ${attacks} } } then { action { ${action}; } } } ${more} }`;
}

test("attacks are named by identifier, by name, by class, by protocol or all", () => {
	assert.deepEqual(selected(ips("predefined-attacks 2;", "no-action")), ["2 alert"]);
	assert.deepEqual(selected(ips('custom-attacks "a trojan";', "no-action")), ["2 alert"]);
	assert.deepEqual(selected(ips("predefined-attack-groups trojan-activity;", "no-action")), ["2 alert"]);
	assert.deepEqual(selected(ips("custom-attack-groups TLS;", "no-action")), ["3 alert"]);
	assert.equal(selected(ips("predefined-attack-groups all;", "no-action")).length, 5);
});

test("the action of the policy goes before that of the signature, unless it is the recommended one", () => {
	for (const [action, became] of [
		["no-action", "alert"],
		["drop-connection", "drop"],
		["close-client-and-server", "drop"],
		["ignore-connection", "pass"],
		["recommended", "drop"],
	])
		assert.deepEqual(selected(ips("predefined-attacks 1;", action ?? "")), [`1 ${became}`]);
});

test("the first rule that names a signature counts, and exempted ones are not looked for", () => {
	const second = "rule s { match { attacks { predefined-attack-groups all; } } then { action { drop-packet; } } }";
	assert.deepEqual(selected(ips("predefined-attacks 1;", "no-action", second)), [
		"1 alert",
		"2 drop",
		"3 drop",
		"4 drop",
		"5 drop",
	]);
	const exempt = "rulebase-exempt { rule e { match { attacks { predefined-attacks [ 2 3 4 5 ]; } } } }";
	assert.deepEqual(selected(`${ips("predefined-attack-groups all;", "no-action")} ${exempt}`), ["1 alert"]);
});

test("a signature that sets bits for one that was selected is kept, and says nothing", () => {
	assert.deepEqual(selected(ips("predefined-attacks 4;", "drop-connection")), ["4 drop", "5 alert silent"]);
});

/** What becomes of each signature in a connection. */
function ruled(plan: IdpPlan, facts: Partial<ConnectionFacts> = {}): string[] {
	const { signatures, namedBy } = selectSignatures(rules, plan);
	const connection = { client: address("10.0.0.1"), server: address("192.0.2.1"), port: 443, ...facts };
	const rulings = new IdpRulings(plan, namedBy, connection, zones);
	return signatures.flatMap((signature) => {
		const action = rulings.actionFor(signature);
		return action === undefined ? [] : [`${signature.sid} ${action} ${rulings.ruleOf(signature)?.name}`];
	});
}

const address = (text: string) => parseAddress(text) as Address;
const zones = new ZoneTable([
	{ prefix: parsePrefix("10.0.0.0/8") as Prefix, zone: "trust" },
	{ prefix: parsePrefix("192.0.2.0/24") as Prefix, zone: "untrust" },
]);
const book = `address-book { global {
	address office 10.0.0.0/24;
	address shop dns-name shop.example;
	address servers 192.0.2.0/24;
} }`;
const zoneNames = "zones { security-zone trust; security-zone untrust; }";

function rule(name: string, match: string, action: string, more = ""): string {
	return `rule ${name} { match { ${match} attacks { predefined-attacks 1; } } then { action { ${action}; } } ${more} }`;
}

test("a rule counts in connections that it matches: by addresses, all but some, ports, zones", () => {
	const of = (match: string, facts: Partial<ConnectionFacts> = {}) =>
		ruled(planOf(`rulebase-ips { ${rule("r", match, "drop-connection")} }`, `${book} ${zoneNames}`), facts).length ===
		1;
	assert.deepEqual(
		[of("source-address office;"), of("source-address office;", { client: address("10.9.9.9") })],
		[true, false],
	);
	assert.deepEqual(
		[of("source-except office;"), of("source-except office;", { client: address("10.9.9.9") })],
		[false, true],
	);
	assert.deepEqual([of("destination-address servers;"), of("destination-except servers;")], [true, false]);
	assert.deepEqual(
		[of("destination-address shop;", { sni: "shop.example" }), of("destination-address shop;")],
		[true, false],
	);
	assert.deepEqual([of("application junos-https;"), of("application junos-https;", { port: 80 })], [true, false]);
	assert.deepEqual([of("application junos-icmp-all;"), of("application any;")], [false, true]);
	assert.deepEqual([of("from-zone trust;"), of("from-zone untrust;"), of("to-zone untrust;")], [true, false, true]);
	assert.equal(of("from-zone untrust;", { fromZone: "untrust" }), true);
});

test("the first rule that matches the connection counts, and a terminal one ends the list, names it the attack or not", () => {
	const later = rule("later", "", "drop-connection");
	const office = rule("office", "source-address office;", "no-action");
	const plan = planOf(`rulebase-ips { ${office} ${later} }`, book);
	assert.deepEqual(ruled(plan), ["1 alert office"]);
	assert.deepEqual(ruled(plan, { client: address("10.9.9.9") }), ["1 drop later"]);
	const other =
		"rule other { match { source-address office; attacks { predefined-attacks 2; } } then { action { no-action; } } terminal; }";
	const terminal = planOf(`rulebase-ips { ${other} ${later} }`, book);
	assert.deepEqual(ruled(terminal), ["2 alert other"]);
	assert.deepEqual(ruled(terminal, { client: address("10.9.9.9") }), ["1 drop later"]);
});

test("a rule that takes inspection away must be met by every name, one that blocks by one", () => {
	const facts = { requestedName: "shop.example", sni: "evil.example" };
	const of = (action: string) =>
		ruled(planOf(`rulebase-ips { ${rule("r", "destination-address shop;", action)} }`, book), facts);
	assert.deepEqual([of("ignore-connection"), of("no-action"), of("drop-connection")], [[], [], ["1 drop r"]]);
});

test("an exemption holds in the connections that it matches", () => {
	const exempt = "rulebase-exempt { rule e { match { source-address office; attacks { predefined-attacks 1; } } } }";
	const plan = planOf(`rulebase-ips { ${rule("r", "", "drop-connection")} } ${exempt}`, book);
	assert.deepEqual(ruled(plan), []);
	assert.deepEqual(ruled(plan, { client: address("10.9.9.9") }), ["1 drop r"]);
});

test("what a signature recommends is its own action, whatever other rules give it elsewhere", () => {
	const office = rule("office", "source-address office;", "ignore-connection");
	const plan = planOf(`rulebase-ips { ${office} ${rule("rest", "", "recommended")} }`, book);
	assert.deepEqual(ruled(plan), ["1 pass office"]);
	assert.deepEqual(ruled(plan, { client: address("10.9.9.9") }), ["1 drop rest"]);
});

test("a rule has its ip-action, its severity and its log", () => {
	const then = (text: string) =>
		planOf(
			`rulebase-ips { rule r { match { attacks { predefined-attacks 1; } } then { action { drop-connection; } ${text} } } }`,
		).rules[0];
	const plain = then("");
	assert.deepEqual([plain?.ipAction, plain?.severity, plain?.log], [undefined, undefined, undefined]);
	assert.deepEqual(then("ip-action { ip-block; }")?.ipAction, {
		action: "block",
		target: "source-address",
		seconds: 300,
		isLogged: false,
		isCreationLogged: false,
		isRefreshed: false,
	});
	assert.deepEqual(
		then("ip-action { ip-notify; target zone-service; timeout 0; log; log-create; refresh-timeout; }")?.ipAction,
		{ action: "notify", target: "zone-service", seconds: 0, isLogged: true, isCreationLogged: true, isRefreshed: true },
	);
	assert.equal(then("severity minor;")?.severity, "minor");
	assert.deepEqual(then("notification { log-attacks { alert; } }")?.log, { isAlert: true });
	const zoned = planOf(
		`rulebase-ips { ${rule("r", "", "drop-connection")} rule z { match { attacks { predefined-attacks 1; } } then { action { no-action; } ip-action { ip-close; target source-zone; } } } }`,
	);
	assert.deepEqual(
		[asksForZones(planOf(ips("predefined-attacks 1;", "no-action"))), asksForZones(zoned)],
		[false, true],
	);
});
