import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("addresses come before flow, policies and zones, and what policies name after them", () => {
	const text = printedForm(`
		applications { application a { destination-port 1; } } schedulers { scheduler s; } access { profile p; }
		security { zones { security-zone z; } policies { policy-rematch; } flow { tcp-mss { all-tcp; } } address-book { b; } }
	`);
	const order = ["address-book", "flow", "policies", "zones", "access", "schedulers", "applications"];
	const places = order.map((word) => text.indexOf(word));
	assert.deepEqual(
		places,
		places.toSorted((a, b) => a - b),
	);
	assert.ok(places.every((place) => place >= 0));
});

test("every part is verified", () => {
	assert.equal(
		findingsOf("security { address-book { b { address a range-address 10.0.0.2 to 10.0.0.1; } } }").length,
		1,
	);
	assert.equal(findingsOf("applications { application junos-ssh { destination-port 1; } }").length, 1);
	assert.equal(findingsOf("schedulers { scheduler s { daily start-time 09:00 stop-time 08:00; } }").length, 1);
	assert.equal(findingsOf("security { policies { default-policy permit-all; } }").length, 1);
	const twice = "security-zone a { interfaces { eth0.0; } } security-zone b { interfaces { eth0.0; } }";
	assert.equal(findingsOf(`security { zones { ${twice} } }`).length, 1);
});

test("a configuration without policies denies", () => {
	const { policies } = configOf("").security;
	assert.deepEqual(
		[policies.defaultPolicy.permitAll, policies.global.policy.size, policies.fromZone.size],
		[false, 0, 0],
	);
});
