import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPage } from "#onboarding/check-page.ts";
import { fingerprintText } from "#onboarding/offered-ca.ts";
import { exampleSite } from "../../test/support/onboarding.ts";

test("the test's page says what its being seen means, and by which CA", () => {
	const [ca] = exampleSite().parts.cas;
	const html = checkPage("sallyport.test", ca);
	assert.match(html, /<h1>This client trusts the gateway's CA<\/h1>/);
	assert.ok(html.includes(fingerprintText(ca?.sha256 ?? "")));
	assert.ok(html.includes('href="http://sallyport.test/"'));
	assert.match(checkPage("sallyport.test", undefined), /This client trusts/);
});
