import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { readDomainList } from "#policy/read-domain-list.ts";
import { recommendedExemptions, shippedExemptions } from "#policy/recommended-exemptions.ts";

test("R145: every recommended exemption is a pattern, and none stands there twice", () => {
	const patterns = recommendedExemptions.map(({ pattern }) => pattern);
	assert.equal(readDomainList(Buffer.from(patterns.join("\n")), "plain").errorCount, 0);
	assert.equal(new Set(patterns).size, patterns.length);
	assert.equal(shippedExemptions().size, patterns.length);
});

test("R145 R296: update services, finance and health are exempt, and a whole provider is not", () => {
	const set = shippedExemptions();
	assert.equal(set.match("download.windowsupdate.com")?.entry, "the recommended exemptions");
	assert.equal(set.match("www.paypal.com")?.value, ".paypal.com");
	assert.equal(set.match("www.nhs.uk")?.value, ".nhs.uk");
	for (const name of ["www.microsoft.com", "www.apple.com", "www.google.com"]) assert.equal(set.match(name), undefined);
});
