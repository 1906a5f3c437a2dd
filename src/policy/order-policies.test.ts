import assert from "node:assert/strict";
import { test } from "node:test";
import { orderPolicies } from "#policy/order-policies.ts";
import { configOf } from "../../test/support/config-text.ts";

const rule = (name: string, rest = "", then = "permit;") =>
	`policy ${name} { match { source-address any; destination-address any; application any; ${rest} } then { ${then} } }`;
const ordered = (policies: string) =>
	orderPolicies(
		configOf(`
			schedulers { scheduler night { daily { start-time 20:00 stop-time 23:00; } } }
			security { zones { security-zone a; security-zone b; } policies { ${policies} } }`),
	);

test("R138: policies between zones come before the global ones, each in the order in which it stands", () => {
	const policies = ordered(`
		global { ${rule("g1")} ${rule("g2", "from-zone a; to-zone any;", "reject;")} }
		from-zone a to-zone b { ${rule("two", "", "deny;")} ${rule("one")} }`);
	assert.deepEqual(
		policies.map(({ key, sequence, action, isGlobal }) => [key, sequence, action, isGlobal]),
		[
			["two (a to b)", 1, "deny", false],
			["one (a to b)", 2, "permit", false],
			["g1", 1, "permit", true],
			["g2", 2, "reject", true],
		],
	);
	assert.deepEqual([...(policies[3]?.fromZones ?? [])], ["a"]);
	assert.equal(policies[3]?.toZones, undefined);
	assert.deepEqual(policies[0]?.path.slice(-4), ["to-zone", "b", "policy", "two"]);
});

test("a policy that is deactivated is none", () => {
	assert.deepEqual(
		ordered(`global { inactive: ${rule("off")} ${rule("on")} }`).map(({ name }) => name),
		["on"],
	);
});

test("a policy carries its scheduler", () => {
	const text = rule("g").replace(/ \}$/, " scheduler-name night; }");
	assert.equal(ordered(`global { ${text} }`)[0]?.schedule?.name, "night");
});
