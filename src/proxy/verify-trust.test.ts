import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyTrust } from "#proxy/verify-trust.ts";
import { configOf } from "../../test/support/config-text.ts";

function says(trusted: string, pki = "", stored: readonly string[] | "unknown" = ["corp", "web"]): string[] {
	const text = `services { ssl { proxy { profile p { root-ca ca; trusted-ca ${trusted}; } } } } security { pki { ${pki} } }`;
	const findings = verifyTrust(configOf(text), stored === "unknown" ? undefined : new Set(stored));
	return findings.map(({ severity, statement, message }) => `${severity} ${statement}: ${message}`);
}

test("R99 R103 R104: trusted-ca names all, the default store, profiles and groups that are there", () => {
	for (const trusted of ["all", "default", "corp", "[ default corp web ]"]) assert.deepEqual(says(trusted), []);
	const group = "ca-profile corp { ca-identity c; } trusted-ca-group g { ca-profiles corp; }";
	assert.deepEqual(says("g", group), []);
});

test("what does not exist is refused with what does", () => {
	assert.deepEqual(says("[ corp copr ]"), [`error trusted-ca: 'copr' does not exist; existing: "corp", "web"`]);
	assert.deepEqual(says("x", "", []), ["error trusted-ca: 'x' does not exist; existing: none"]);
	const many = Array.from({ length: 12 }, (_, index) => `ca-${index + 10}`);
	assert.match(says("x", "", many)[0] ?? "", /"ca-19", \.\.\.$/);
	assert.deepEqual(says("x", "", "unknown"), []);
});

test("an authority without a certificate, and a default store that is off, are told", () => {
	assert.deepEqual(says("lab", "ca-profile lab { ca-identity l; }"), [
		"warning trusted-ca: no certificate is loaded for CA profile 'lab': it vouches for nothing",
	]);
	assert.deepEqual(says("all", "ca-profile lab { ca-identity l; } trusted-ca-group g { ca-profiles lab; }"), [
		'warning ca-profiles: no certificate is loaded for "lab"',
	]);
	assert.deepEqual(says("default", "default-trust-store { disable; }"), [
		"warning trusted-ca: default gives nothing: default-trust-store is disabled",
	]);
});
