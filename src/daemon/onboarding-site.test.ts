import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { onboardingSite, publishOnboarding } from "#daemon/onboarding-site.ts";
import { stateDirectoryLayout } from "#daemon/state-directory.ts";
import { pkcs12Passphrase } from "#onboarding/site.ts";
import { pemCertificates } from "#pki/pem.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
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
const withRoot = { ...none, profiles: new Map([["corp", [root.pem]]]) };
const noCrl = () => undefined;
const authorities = [signingCaOf(signer)];
const spare = makeCertificate({ subject: "CN=Spare", isCa: true });

function stateOf(t: TestContext) {
	const directory = mkdtempSync(join(tmpdir(), "onboarding-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	return stateDirectoryLayout(directory);
}

test("R65: the root of a signing CA is found among profiles, groups and added roots", () => {
	for (const trust of [
		withRoot,
		{ ...none, groups: new Map([["all", [root.pem]]]) },
		{ ...none, defaultRoots: [root.pem] },
	]) {
		const site = onboardingSite(plan, authorities, trust, noCrl);
		assert.deepEqual(site?.parts.cas[0]?.certificate, Buffer.from(root.der));
		assert.deepEqual([site?.parts.proxyAddress, site?.test?.signer], ["[::1]:8080", "ca"]);
	}
});

test("without the root nothing is offered, and the test is there all the same", () => {
	const site = onboardingSite(plan, authorities, none, noCrl);
	assert.deepEqual(site?.parts.cas, []);
	assert.equal(site?.test?.host, "check.sallyport.test");
});

test("a disabled page is none", () => {
	assert.equal(onboardingSite(undefined, authorities, none, noCrl), undefined);
});

test("the PKCS#12 file holds the certificate and no key, and is made once", () => {
	const site = onboardingSite(plan, authorities, withRoot, noCrl);
	assert.ok(site);
	const made = site.parts.pkcs12(site.parts.cas);
	const file = readPkcs12(made, pkcs12Passphrase);
	assert.ok(file.kind === "contents");
	assert.deepEqual([file.certificates.map(({ der }) => Buffer.from(der)), file.keys], [[Buffer.from(root.der)], []]);
	assert.equal(site.parts.pkcs12(site.parts.cas), made);
});

test("R65: ca.pem is the root that is offered, the facts beside it tell the proxy", (t) => {
	const state = stateOf(t);
	const listeners = [
		{
			name: "a",
			path: "",
			way: { kind: "explicit" as const, protocols: new Set<never>() },
			listen: { host: "0.0.0.0", port: 3128 },
			mayReachLocal: false,
		},
	];
	publishOnboarding(state, { onboarding: { ...plan, proxyAddress: undefined }, listeners }, authorities, withRoot, [
		"ca",
	]);
	const pem = readFileSync(state.caCertificate, "latin1");
	assert.deepEqual(pemCertificates(pem), [Buffer.from(root.der)]);
	const told = JSON.parse(readFileSync(state.onboarding, "utf8"));
	assert.deepEqual([told.proxy, told.hostName, told.contact], [`${hostname()}:3128`, "sallyport.test", "me"]);
	assert.deepEqual([told.cas[0].name, told.cas[0].isAboveSigner], ["Root", true]);
});

test("a CA that no policy uses, or whose root is unknown, is still in ca.pem, and is not offered", (t) => {
	const state = stateOf(t);
	const unused = { onboarding: { ...plan, trustedCas: [] }, listeners: [] };
	publishOnboarding(state, unused, [signingCaOf(spare, "spare")], none, ["spare"]);
	assert.deepEqual(pemCertificates(readFileSync(state.caCertificate, "latin1")), [Buffer.from(spare.der)]);
	assert.deepEqual(JSON.parse(readFileSync(state.onboarding, "utf8")).cas, []);
	publishOnboarding(state, { onboarding: plan, listeners: [] }, authorities, none, ["ca"]);
	assert.deepEqual(pemCertificates(readFileSync(state.caCertificate, "latin1")), [Buffer.from(signer.der)]);
});

test("a page that is disabled takes its facts away", (t) => {
	const state = stateOf(t);
	publishOnboarding(state, { onboarding: plan, listeners: [] }, authorities, withRoot, ["ca"]);
	assert.ok(existsSync(state.onboarding));
	publishOnboarding(state, { onboarding: undefined, listeners: [] }, authorities, withRoot, ["ca"]);
	assert.ok(!existsSync(state.onboarding) && existsSync(state.caCertificate));
});
