import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "#policy/evaluate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { mailPhaseOf, passedInClear, passedNotTls } from "#proxy/without-tls.ts";

const decrypt = (parts: Partial<ProxyProfile>): Decision<ProxyProfile> => ({
	action: "decrypt",
	rule: "web",
	fact: "it matches",
	profile: { name: "inspect", passesNonTls: false, starttls: "drop", ...parts } as ProxyProfile,
});
const bypass: Decision<ProxyProfile> = { action: "bypass", rule: "web", fact: "it matches", cause: "no-profile" };
const block: Decision<ProxyProfile> = { action: "block", rule: "web", fact: "it matches" };

test("F13 R160: what is not TLS passes only where the policy or the profile lets it; SSL 2.0 nowhere", () => {
	assert.equal(passedNotTls(decrypt({}), "http"), undefined);
	assert.equal(passedNotTls(block, "http"), undefined);
	assert.equal(passedNotTls(bypass, "sslv2"), undefined);
	const passed = passedNotTls(decrypt({ passesNonTls: true }), "http");
	assert.ok(passed?.action === "bypass");
	assert.deepEqual([passed.cause, passed.fact], ["not-tls", "it matches; it is not TLS (http)"]);
	assert.equal((passedNotTls(bypass, "http") as { cause?: string }).cause, "no-profile");
});

test("R180: mail in clear passes where starttls allows it, other servers that speak first do not by that", () => {
	assert.match(passedInClear(decrypt({ starttls: "allow" }), "smtp")?.fact ?? "", /smtp without STARTTLS/);
	assert.equal(passedInClear(decrypt({ starttls: "allow" }), "other"), undefined);
	assert.equal(passedInClear(decrypt({ starttls: "require" }), "smtp"), undefined);
	assert.match(passedInClear(bypass, "other")?.fact ?? "", /the server speaks first/);
});

test("a server is listened to first only where what it says may pass", () => {
	assert.equal(mailPhaseOf(undefined, block), undefined);
	assert.equal(mailPhaseOf(undefined, decrypt({})), undefined);
	assert.notEqual(mailPhaseOf(undefined, decrypt({ starttls: "require" })), undefined);
	assert.notEqual(mailPhaseOf(undefined, bypass), undefined);
});
