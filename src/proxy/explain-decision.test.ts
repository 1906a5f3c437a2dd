import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import type { Decision } from "#policy/evaluate.ts";
import { explainDecision } from "#proxy/explain-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

const profile = { name: "p", untrustedCa: "untrusted", blocksInvalidCertificates: false } as ProxyProfile;
const client = parseAddress("10.0.0.1") as Address;
const facts = { client, port: 443, sni: "app.test", server: parseAddress("192.0.2.1") as Address };
const because = { rule: "web", fact: "it matches" };

test("a decision is told with what it rests on, what follows and the outcome", () => {
	const decrypt: Decision<ProxyProfile> = { action: "decrypt", ...because, profile };
	assert.deepEqual(explainDecision(decrypt, facts, true), {
		evidence:
			"The name app.test is what the client says; only the server's certificate can show that it is true. The address 192.0.2.1 is the one that is connected to.",
		then: "The server's certificate is judged by profile p; if it is not trusted, the client gets one that it will not trust either.",
		outcome: "decrypted",
	});
	const blocking = { ...decrypt, profile: { ...profile, untrustedCa: undefined } };
	assert.match(explainDecision(blocking, facts, true).then, /the session is blocked\.$/);
});

test("N5: of an exemption by name it is told who vouches for the name", () => {
	const exempt: Decision<ProxyProfile> = { action: "bypass", ...because, cause: "exempt", exemptName: "app.test" };
	assert.match(explainDecision(exempt, facts, true).evidence, /rests on the name app\.test alone; .* client's word/);
	assert.match(explainDecision(exempt, facts, false).evidence, /certificate looked at first/);
	assert.equal(explainDecision(exempt, facts, true).outcome, "not decrypted");
});

test("deny and reject differ in what the client is told, and a client may name no server", () => {
	const deny: Decision<ProxyProfile> = { action: "block", ...because, isSilent: true };
	assert.match(explainDecision(deny, facts, true).then, /without a word/);
	const story = explainDecision({ ...deny, isSilent: false }, { client, port: 443 }, true);
	assert.deepEqual([story.evidence, story.outcome], ["The client named no server.", "blocked"]);
	assert.match(story.then, /is told/);
});
