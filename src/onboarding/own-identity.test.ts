import assert from "node:assert/strict";
import { test } from "node:test";
import { ownIdentity } from "#onboarding/own-identity.ts";
import { exampleRoot, signingCaOf } from "../../test/support/onboarding.ts";

const ca = { ...signingCaOf(exampleRoot), notBefore: 0, notAfter: Date.UTC(2100, 0) };
const day = 86_400_000;
const now = Date.UTC(2026, 5, 1);

test("the pattern of the own leaf bears the host and no other name", () => {
	const { subject, typed } = ownIdentity("check.sallyport.test", ca, now);
	assert.equal(subject.text, "CN=check.sallyport.test");
	assert.deepEqual(
		typed.subjectAltName?.map((one) => one.kind === "dns" && one.text),
		["check.sallyport.test"],
	);
});

test("all workers make the same one, for a month; it has begun and lasts a month more at every time", () => {
	const fingerprints = new Set<string>();
	for (let days = 0; days < 90; days++) {
		const at = now + days * day + 12_345;
		const one = ownIdentity("check.sallyport.test", ca, at);
		assert.ok(one.notBefore <= at - day && one.notAfter >= at + 29 * day && one.notAfter - one.notBefore <= 60 * day);
		fingerprints.add(one.fingerprint);
	}
	assert.ok(fingerprints.size <= 4);
});

test("it does not outlast the CA", () => {
	const end = now + 5 * day;
	assert.equal(ownIdentity("check.sallyport.test", { ...ca, notAfter: end }, now).notAfter, end);
});
