import assert from "node:assert/strict";
import { test } from "node:test";
import { AttackIndex, type AttackStatement, selectAttacks } from "#inspect/attack-group.ts";
import { loadRules } from "#signature/rule-set.ts";
import { configOf } from "../../test/support/config-text.ts";

const { signatures } = loadRules([
	{
		name: "rules",
		text: [
			'drop http any any -> any any (msg:"ET MALWARE one"; flow:to_server; http.uri; content:"a"; classtype:trojan-activity; metadata:signature_severity Critical, affected_product Windows_XP; reference:cve,2021-44228; sid:1;)',
			'alert http any any -> any any (msg:"ET INFO two"; flow:to_client; http.stat_code; content:"200"; classtype:misc-activity; metadata:cve CVE_2017_0144; sid:2;)',
			'alert tls any any -> any any (msg:"three"; tls.sni; content:"c"; priority:4; sid:3;)',
			'alert tcp any any -> any any (msg:"four"; content:"dddd"; sid:4;)',
		].join("\n"),
	},
]);

const nothing: AttackStatement = {
	predefinedAttacks: [],
	predefinedAttackGroups: [],
	customAttacks: [],
	customAttackGroups: [],
	dynamicAttackGroups: [],
};

function selected(groups: string, attacks: Partial<AttackStatement>): number[] {
	const selection = selectAttacks(configOf(`security { idp { ${groups} } }`).security.idp, { ...nothing, ...attacks });
	const index = new AttackIndex([selection]);
	return signatures.filter((signature) => index.placesOf(signature).length > 0).map(({ sid }) => sid);
}

function filtered(filters: string): number[] {
	return selected(`dynamic-attack-group d { filters { ${filters} } }`, { dynamicAttackGroups: ["d"] });
}

test("a dynamic group has the signatures with its properties: one value of each that is asked for", () => {
	assert.deepEqual(filtered("category { values TROJAN-activity; }"), [1]);
	assert.deepEqual(filtered('category { values "A Network Trojan was detected"; }'), [1]);
	assert.deepEqual(filtered("severity { values [ critical info ]; }"), [1, 3]);
	assert.deepEqual(filtered("direction { values client-to-server; }"), [1, 3]);
	assert.deepEqual(filtered("direction { values any; }"), [4]);
	assert.deepEqual(filtered("service { values [ http TCP ]; }"), [1, 2, 4]);
	assert.deepEqual(filtered('attack-prefix { values "et "; }'), [1, 2]);
	assert.deepEqual(filtered("products { values windows; }"), [1]);
	assert.deepEqual(filtered("cve { values [ CVE-2021-44228 cve_2017_0144 ]; }"), [1, 2]);
	assert.deepEqual(filtered("cve { values 2021-4422; }"), []);
	assert.deepEqual(filtered("recommended;"), [1]);
	assert.deepEqual(filtered("service { values http; } severity { values critical; }"), [1]);
	assert.deepEqual(filtered("service { values tls; } severity { values critical; }"), []);
});

test("a custom group stands for its members: attacks, classes, protocols, other groups, in a circle too", () => {
	const groups = `custom-attack-group a { group-members [ 4 b d ]; } custom-attack-group b { group-members [ a tls "ET INFO two" ]; }
		dynamic-attack-group d { filters { recommended; } }`;
	assert.deepEqual(selected(groups, { customAttackGroups: ["a"] }), [1, 2, 3, 4]);
	assert.deepEqual(selected(groups, { customAttackGroups: ["b"] }), [1, 2, 3, 4]);
	assert.deepEqual(selected("custom-attack-group b { group-members TLS; }", { customAttackGroups: ["b"] }), [3]);
	assert.deepEqual(selected("", { customAttackGroups: ["Trojan-Activity"] }), [1]);
});

test("an index tells the places of all that select a signature, in their order, each once", () => {
	const { idp } = configOf("security { idp { dynamic-attack-group d { filters { recommended; } } } }").security;
	const of = (attacks: Partial<AttackStatement>) => selectAttacks(idp, { ...nothing, ...attacks });
	const index = new AttackIndex([
		of({ predefinedAttackGroups: ["all"] }),
		of({ dynamicAttackGroups: ["d"], predefinedAttacks: ["1"] }),
		of({ predefinedAttacks: ["2", "three"] }),
		of({ predefinedAttackGroups: ["HTTP", "trojan-activity"] }),
	]);
	assert.deepEqual(
		signatures.map((signature) => index.placesOf(signature)),
		[[0, 1, 3], [0, 2, 3], [0, 2], [0]],
	);
});
