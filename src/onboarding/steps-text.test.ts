import assert from "node:assert/strict";
import { test } from "node:test";
import { clientSteps, stepsFor } from "#onboarding/client-steps.ts";
import { fingerprintText } from "#onboarding/offered-ca.ts";
import { stepValues } from "#onboarding/site.ts";
import { stepsText } from "#onboarding/steps-text.ts";
import { exampleSite } from "../../test/support/onboarding.ts";

const { cas } = exampleSite().parts;
const values = stepValues("sallyport.test", "192.0.2.1:8080", cas[0]);
const text = stepsText({ values, contact: "Service desk, 4711", cas });

test("the text tells page, test, fingerprint, contact and every row, filled in", () => {
	for (const part of [
		"http://sallyport.test/",
		"https://check.sallyport.test/",
		"Service desk, 4711",
		"192.0.2.1:8080",
	])
		assert.ok(text.includes(part), part);
	assert.ok(text.includes(fingerprintText(cas[0]?.sha256 ?? "")));
	for (const { title } of clientSteps) assert.ok(text.includes(title), title);
	assert.doesNotMatch(text, /\{(?:proxy|page|check|sha)\w*\}/);
});

test("one row alone is that row's", () => {
	const row = stepsFor("node");
	assert.ok(row);
	const one = stepsText({ values, contact: undefined, cas }, [row]);
	assert.ok(one.includes("NODE_EXTRA_CA_CERTS") && !one.includes("keytool") && !one.includes("Questions"));
});

test("without a CA in use there is nothing to install", () => {
	assert.match(stepsText({ values, contact: undefined, cas: [] }), /^This gateway .* nothing to install\.\n$/);
});
