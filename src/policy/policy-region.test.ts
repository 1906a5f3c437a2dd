import assert from "node:assert/strict";
import { test } from "node:test";
import { orderPolicies } from "#policy/order-policies.ts";
import { regionsOf } from "#policy/policy-region.ts";
import { configOf } from "../../test/support/config-text.ts";

function regions(addresses: string, match: string) {
	const policies = orderPolicies(
		configOf(`
			applications { application a { protocol icmp; icmp-code 3; } }
			security { address-book { global { ${addresses} } }
			policies { global { policy p { match { source-address any; ${match} } then { permit; } } } } }`),
	);
	const only = policies[0];
	assert.ok(only);
	return regionsOf(only);
}

test("a mask with holes is every IPv4 address at most and none at least, and the reverse when it is excluded", () => {
	const hole = "address w { wildcard-address 10.0.0.11/255.0.0.255; }";
	const { most, least } = regions(hole, "destination-address w; application any;");
	assert.deepEqual([most[3]?.length, least[3]?.length], [1, 0]);
	const outside = regions(hole, "destination-address w; destination-address-excluded; application any;");
	assert.equal(outside.most[3]?.[0]?.to, (1n << 128n) + (1n << 32n) - 1n);
	assert.equal(outside.least[3]?.[0]?.to, (1n << 128n) - 1n);
});

test("a code without a type is told by no range", () => {
	const { most, least } = regions("", "destination-address any; application a;");
	assert.deepEqual([most[4], least[4]], [[{ from: 65_536n, to: 131_071n }], []]);
});

test("a name has the same numbers whatever else is configured", () => {
	const host = "address h { dns-name www.example.org; }";
	const numbers = (more: string, match: string) => regions(`${host} ${more}`, match).most[3];
	const alone = numbers("", "destination-address h; application any;");
	assert.deepEqual(numbers("address i { dns-name a.example.org; }", "destination-address h; application any;"), alone);
	assert.deepEqual([alone?.length, alone?.[0]?.from], [1, alone?.[0]?.to]);
});
