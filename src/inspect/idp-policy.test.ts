import assert from "node:assert/strict";
import { test } from "node:test";
import { compileIdpPolicies, selectSignatures } from "#inspect/idp-policy.ts";
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

function selected(policy: string): string[] {
	const plan = compileIdpPolicies(configOf(`security { idp { idp-policy p { ${policy} } } }`).security.idp).get("p");
	assert.ok(plan !== undefined);
	return selectSignatures(rules, plan).map(
		({ sid, action, isNoAlert }) => `${sid} ${action}${isNoAlert ? " silent" : ""}`,
	);
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

test("an ip-action that refuses shuts the client off for its time", () => {
	const policy = (then: string) =>
		`rulebase-ips { rule r { match { attacks { predefined-attacks 1; } } then { action { drop-connection; } ${then} } } }`;
	const seconds = (then: string) => {
		const config = configOf(`security { idp { idp-policy p { ${policy(then)} } } }`);
		const plan = compileIdpPolicies(config.security.idp).get("p");
		return plan === undefined ? [] : selectSignatures(rules, plan).map(({ quarantineSeconds }) => quarantineSeconds);
	};
	assert.deepEqual(seconds(""), [undefined]);
	assert.deepEqual(seconds("ip-action { ip-notify; }"), [undefined]);
	assert.deepEqual(seconds("ip-action { ip-block; }"), [300]);
	assert.deepEqual(seconds("ip-action { ip-close; timeout 0; }"), [0]);
});
