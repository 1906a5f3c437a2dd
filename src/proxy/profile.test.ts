import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProxyProfile, signingCaFor } from "#proxy/profile.ts";

const cas = { trustedCa: "ec", untrustedCa: "bad-ec", trustedRsaCa: "rsa", untrustedRsaCa: "bad-rsa" };
const profile = (parts: Partial<ProxyProfile> = {}) => ({ ...cas, ...parts }) as ProxyProfile;

test("M8: a leaf is signed by the CA of its own kind", () => {
	for (const keyClass of ["p256", "p384"] as const) {
		assert.equal(signingCaFor(profile(), "trusted", keyClass), "ec");
		assert.equal(signingCaFor(profile(), "untrusted", keyClass), "bad-ec");
	}
	for (const keyClass of ["rsa2048", "rsa3072"] as const) {
		assert.equal(signingCaFor(profile(), "trusted", keyClass), "rsa");
		assert.equal(signingCaFor(profile(), "untrusted", keyClass), "bad-rsa");
	}
});

test("K5: a profile with one CA of each trust signs all leaves with it, and never with that of the other trust", () => {
	const single = profile({ trustedRsaCa: undefined, untrustedRsaCa: undefined });
	assert.equal(signingCaFor(single, "trusted", "rsa2048"), "ec");
	assert.equal(signingCaFor(single, "untrusted", "rsa2048"), "bad-ec");
	const blocking = profile({ untrustedCa: undefined, untrustedRsaCa: undefined });
	assert.equal(signingCaFor(blocking, "untrusted", "rsa2048"), undefined);
});
