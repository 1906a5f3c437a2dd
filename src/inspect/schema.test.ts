import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

test("every part is verified", () => {
	const security = (statements: string) => findingsOf(`security { ${statements} }`).length;
	assert.equal(security("inspection { pattern-policy p { patterns none; } }"), 1);
	const rule = "rule r { then { action { no-action; } } }";
	assert.equal(security(`idp { rules { file a; } idp-policy p { rulebase-ips { ${rule} } } }`), 1);
	assert.equal(security("utm { feature-profile { anti-virus { type icap; } } }"), 1);
	assert.equal(
		security("intelligence { profile a { category url; } profile b { category url; } policy p { profile [ a b ]; } }"),
		1,
	);
	assert.equal(findingsOf("services { icap-redirect { profile p { http redirect-request; } } }").length, 1);
});

test("the statements that the gateway runs by have their defaults", () => {
	const { inspection } = configOf("").security;
	assert.equal(inspection.maximumDecodedSize, 64);
	assert.equal(inspection.pattern.size, 0);
});
