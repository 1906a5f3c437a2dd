import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "#policy/evaluate.ts";
import { decideForwarded } from "#proxy/forwarded-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

const target = { host: "a.test", port: 80 };
const requests = { target, otherHost: "b.test" };

function opened(fronted: "drop" | "log" | "allow"): Decision<ProxyProfile> {
	const profile = { name: "inspect", fronting: { fronted, coalesced: "allow" } } as ProxyProfile;
	return { action: "decrypt", rule: "all", fact: "it matches", profile };
}

test("requests in clear are inspected where they would be decrypted, and pass where policy lets them be", () => {
	const same = { target, otherHost: undefined };
	const { decision, mode } = decideForwarded(opened("drop"), same);
	assert.deepEqual([decision.action, decision.fact, mode], ["bypass", "it matches; it is HTTP in clear", "clear"]);
	const bypass = { action: "bypass", rule: "all", fact: "it matches" } as const;
	assert.deepEqual(decideForwarded(bypass, requests).mode, "bypass");
	assert.equal(decideForwarded({ ...bypass, action: "block" }, same).decision.action, "block");
});

test("F12: a Host that differs from the target is refused, recorded or let be, as the profile says", () => {
	const dropped = decideForwarded(opened("drop"), requests).decision;
	assert.equal(dropped.action, "block");
	assert.match(dropped.fact, /^the request for a\.test:80 names b\.test in Host; it is refused/);
	const logged = decideForwarded(opened("log"), requests).decision;
	assert.deepEqual([logged.action, logged.fact.includes("names b.test in Host")], ["bypass", true]);
	assert.doesNotMatch(decideForwarded(opened("allow"), requests).decision.fact, /b\.test/);
});
