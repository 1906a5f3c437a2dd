import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyHits } from "#daemon/policy-hits.ts";

const tally = (rule: string) => ({ rule, sessions: 1, octetsToServer: 10, octetsToClient: 100 });

test("one policy or all go back to zero", () => {
	const hits = new PolicyHits();
	hits.count([tally("web"), tally("mail")]);
	hits.clear("web");
	assert.deepEqual([hits.of("web").sessions, hits.of("mail").sessions], [0, 1]);
	hits.clear();
	assert.equal(hits.of("mail").sessions, 0);
});

test("each session counts for the policy that decided it", () => {
	const hits = new PolicyHits();
	hits.count([tally("web"), tally("web (trust to untrust)"), tally("web")]);
	assert.deepEqual(hits.of("web"), { sessions: 2, octetsToServer: 20, octetsToClient: 200 });
	assert.deepEqual([hits.of("web (trust to untrust)").sessions, hits.of("none").sessions], [1, 0]);
});
