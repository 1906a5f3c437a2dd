import assert from "node:assert/strict";
import { test } from "node:test";
import { onboardingSite } from "#daemon/onboarding-site.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { signingCaOf } from "../../test/support/onboarding.ts";

const root = makeCertificate({ subject: "CN=Root", isCa: true });
const signer = makeCertificate({ subject: "CN=Signer", isCa: true, issuer: root });
const plan = {
	hostName: "sallyport.test",
	contact: "me",
	proxyAddress: { host: "::1", port: 8080 },
	trustedCas: ["ca"],
};
const none = { profiles: new Map(), groups: new Map(), defaultRoots: [] };
const noCrl = () => undefined;
const authorities = new Map([["ca", signingCaOf(signer)]]);

test("R65: the root of a signing CA is found among the CA profiles", () => {
	const site = onboardingSite(plan, authorities, { ...none, profiles: new Map([["corp", [root.pem]]]) }, noCrl);
	assert.deepEqual(site?.parts.cas[0]?.certificate, Buffer.from(root.der));
	assert.deepEqual([site?.parts.proxyAddress, site?.test?.signer], ["[::1]:8080", "ca"]);
});

test("without the root nothing is offered, and the test is there all the same", () => {
	const site = onboardingSite(plan, authorities, none, noCrl);
	assert.deepEqual(site?.parts.cas, []);
	assert.equal(site?.test?.host, "check.sallyport.test");
});

test("a disabled page is none", () => {
	assert.equal(onboardingSite(undefined, authorities, none, noCrl), undefined);
});
