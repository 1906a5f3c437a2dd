import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress, parsePrefix } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";
import { domainSetOf } from "#policy/domain-set.ts";
import type { Decision } from "#policy/evaluate.ts";
import { learnedKey } from "#proxy/learned-bypass.ts";
import { learnableServer, unlessLearned } from "#proxy/learned-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

const always = new AddressSet();
always.addPrefix(parsePrefix("10.9.0.0/16") ?? assert.fail(), "always-decrypt-source");
const overrides = domainSetOf("category-overrides", ["open.test"]);
const profile = {
	name: "p",
	learnedBypass: { clients: 2, lifetimeMs: 1_000, maximum: 10 },
	alwaysDecryptSources: always,
	overrides,
} as unknown as ProxyProfile;
const client = (text: string) => parseAddress(text) as Address;
const asked = { client: client("10.0.0.1"), host: "app.test", port: 443, sni: "app.test" };
const decision: Decision<ProxyProfile> = { action: "decrypt", rule: "web", fact: "it matches", profile };
const entry = { profile: "p", host: "app.test", port: 443, sni: "app.test", clients: 2, learnedAt: 0, until: 5_000 };
const learned = (key: string) => (key === learnedKey(entry) ? entry : undefined);

test("a server that clients refused is relayed untouched until its time is over, with the fact", () => {
	const narrowed = unlessLearned(decision, asked, learned, 1_000);
	assert.deepEqual(
		[narrowed.action, narrowed.rule, narrowed.fact],
		["bypass", "web", "2 clients refused the gateway's certificate for app.test; learned until 1970-01-01T00:00:05Z"],
	);
	assert.equal("cause" in narrowed ? narrowed.cause : "", "learned");
	assert.equal(unlessLearned(decision, asked, learned, 5_000), decision);
	assert.equal(unlessLearned(decision, { ...asked, sni: "other.test" }, learned, 1_000), decision);
	assert.equal(unlessLearned(decision, asked, undefined, 1_000), decision);
});

test("nothing is learned of clients and names that are always decrypted", () => {
	assert.equal(learnableServer(profile, { ...asked, client: client("10.9.1.1") }), undefined);
	assert.equal(learnableServer(profile, { ...asked, sni: "open.test" }), undefined);
	assert.equal(learnableServer({ ...profile, learnedBypass: undefined }, asked), undefined);
	assert.deepEqual(learnableServer(profile, { ...asked, sni: undefined }), {
		profile: "p",
		host: "app.test",
		port: 443,
		sni: "",
	});
});
