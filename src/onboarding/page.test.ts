import assert from "node:assert/strict";
import { test } from "node:test";
import { clientSteps } from "#onboarding/client-steps.ts";
import { fingerprintText, offeredCas } from "#onboarding/offered-ca.ts";
import { onboardingPage } from "#onboarding/page.ts";
import { stepValues } from "#onboarding/site.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { exampleSite, signingCaOf } from "../../test/support/onboarding.ts";

const { cas } = exampleSite().parts;
const values = stepValues("sallyport.test", "192.0.2.1:8080", cas[0]);
const html = onboardingPage({ values, contact: "Service desk <4711>", cas });

test("R53 R64: the page offers the files, the fingerprint, every client's steps, the test and the contact", () => {
	for (const file of ["sallyport-ca.pem", "sallyport-ca.crt", "sallyport-ca.p12", "sallyport-ca.mobileconfig"])
		assert.ok(html.includes(`href="/${file}"`), file);
	assert.ok(html.includes(fingerprintText(cas[0]?.sha256 ?? "")));
	for (const { name } of clientSteps) assert.ok(html.includes(`<details id="${name}">`), name);
	assert.ok(html.includes('href="https://check.sallyport.test/"'));
	assert.ok(html.includes("Service desk &#60;4711&#62;"));
});

test("it is one document: no script, nothing loaded, no handler, no inline style", () => {
	assert.doesNotMatch(html, /<script|<link|<img|<iframe|\son\w+=|\sstyle=/i);
	assert.doesNotMatch(html, /\{(?:proxy|page|check|sha)\w*\}/);
});

test("it says which of the two CAs is to be trusted", () => {
	assert.match(html, /second CA that nobody trusts/);
});

test("a CA's name cannot break out of its element", () => {
	const hostile = makeCertificate({ subject: "CN=<script>alert(1)</script>", isCa: true });
	const offered = offeredCas([signingCaOf(hostile)], []);
	const shown = onboardingPage({ values, contact: undefined, cas: offered });
	assert.ok(!shown.includes("<script>") && shown.includes("&#60;script&#62;"));
});

test("without a CA in use there is nothing to install", () => {
	const empty = onboardingPage({ values, contact: undefined, cas: [] });
	assert.match(empty, /Nothing to install/);
	assert.ok(!empty.includes("sallyport-ca.pem"));
});

test("the root above a signing CA is told as such, and several CAs are counted", () => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const signer = makeCertificate({ subject: "CN=Signer", isCa: true, issuer: root });
	const offered = [...offeredCas([signingCaOf(signer)], [root.der]), ...cas];
	const shown = onboardingPage({ values, contact: undefined, cas: offered });
	assert.match(shown, /root above the CA that signs/);
	assert.match(shown, /uses 2 CAs/);
});
