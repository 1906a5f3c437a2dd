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

test("what the packet filter forwarded counts beside the sessions, and is cleared with them", async () => {
	const forwarded = new Map([
		["web", 5],
		["rest", 1],
	]);
	const hits = new PolicyHits(async () => forwarded);
	hits.count([{ rule: "web", sessions: 1, octetsToServer: 0, octetsToClient: 0 }]);
	const counts = async () => ["web", "rest", "none"].map(await hits.all());
	assert.deepEqual(await counts(), [6, 1, 0]);
	hits.clear("web");
	assert.deepEqual(await counts(), [0, 1, 0]);
	forwarded.set("web", 7);
	assert.deepEqual(await counts(), [2, 1, 0]);
	hits.clear();
	assert.deepEqual(await counts(), [0, 0, 0]);
});
