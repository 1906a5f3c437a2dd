import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectionServices } from "#policy/inspection-services.ts";
import { configOf } from "../../test/support/config-text.ts";

function servicesOf(statements: string): readonly string[] {
	const config = configOf(`security {
		policies { global { policy p {
			match { source-address any; destination-address any; application any; }
			then { permit { application-services { ${statements} } } }
		} } }
		inspection { pattern-policy all { patterns eicar; } }
		idp { idp-policy strict; }
	}`);
	const services = config.security.policies.global.policy.get("p")?.then.permit?.applicationServices;
	return inspectionServices(services ?? assert.fail("no services"));
}

test("R13: opening TLS is no inspection by itself, and what looks into it is", () => {
	assert.deepEqual(servicesOf(""), []);
	assert.deepEqual(servicesOf("uac-policy;"), []);
	assert.deepEqual(servicesOf("pattern-policy all;"), ["pattern-policy"]);
	assert.deepEqual(servicesOf("idp-policy strict; pattern-policy all;"), ["idp-policy", "pattern-policy"]);
});
