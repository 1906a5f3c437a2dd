import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration, ownCaIds, trustedCaId, untrustedCaId } from "#daemon/default-configuration.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { compileGateway } from "#proxy/compile.ts";

const ids = new Set(ownCaIds);

for (const hasIpv6 of [false, true]) {
	test(`what a first start writes ${hasIpv6 ? "with" : "without"} IPv6 is valid, warns of nothing and listens on this host only`, () => {
		const { config, warnings } = parseConfiguration(defaultConfiguration(hasIpv6), "default", ids);
		assert.deepEqual(warnings, []);
		const { listeners } = compileGateway(config);
		assert.deepEqual(
			listeners.map(({ listen }) => listen.host),
			hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"],
		);
	});
}

test("untrusted servers are signed by another CA than trusted ones, and EICAR is looked for", () => {
	const { config } = parseConfiguration(defaultConfiguration(false), "default", ids);
	const { policy, patternPolicies } = compileGateway(config);
	const profile = policy.rules[0]?.profile;
	assert.equal(profile?.trustedCa, trustedCaId);
	assert.equal(profile?.untrustedCa, untrustedCaId);
	assert.equal(profile?.ignoresServerAuthFailure, false);
	assert.deepEqual(
		patternPolicies.get(profile?.patternPolicy ?? "")?.map(({ name }) => name),
		["eicar"],
	);
});
