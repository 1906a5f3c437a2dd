import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyHits } from "#daemon/policy-hits.ts";

test("each session counts for the policy that decided it", () => {
	const hits = new PolicyHits();
	hits.count([{ rule: "web" }, { rule: "web (trust to untrust)" }, { rule: "web" }]);
	assert.deepEqual([hits.of("web"), hits.of("web (trust to untrust)"), hits.of("none")], [2, 1, 0]);
});
