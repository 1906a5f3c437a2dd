import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "#policy/evaluate.ts";
import { unlessOverloaded } from "#proxy/overload-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

const profile = { name: "p" } as ProxyProfile;
const decrypt: Decision<ProxyProfile> = { action: "decrypt", rule: "web", fact: "it matches", profile };

test("R186: beyond the limit a session is bypassed or blocked, with the limit as the fact", () => {
	const refused = (action: "bypass" | "block") => () => ({ may: false, action, because: "it is full" }) as const;
	assert.deepEqual(unlessOverloaded(decrypt, refused("bypass")), {
		action: "bypass",
		rule: "web",
		fact: "it is full",
		profile,
		cause: "overload",
	});
	assert.equal(unlessOverloaded(decrypt, refused("block")).action, "block");
	assert.equal(
		unlessOverloaded(decrypt, () => ({ may: true })),
		decrypt,
	);
	assert.equal(unlessOverloaded(decrypt, undefined), decrypt);
});

test("nobody is asked about a session that is not to be decrypted", () => {
	const bypass: Decision<ProxyProfile> = { action: "bypass", rule: "web", fact: "it is exempt" };
	assert.equal(
		unlessOverloaded(bypass, () => assert.fail("asked")),
		bypass,
	);
});
