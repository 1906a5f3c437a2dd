import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "#base/token-bucket.ts";
import { FlowRate } from "#proxy/flow-rate.ts";

test("datagrams beyond the rate are lost until there is room again", () => {
	const rate = new FlowRate(new TokenBucket(1_000, 0));
	assert.deepEqual(
		[rate.passes(150, 0), rate.passes(10, 0), rate.passes(10, 40), rate.passes(10, 51)],
		[true, false, false, true],
	);
	assert.equal(new FlowRate(undefined).passes(1e9, 0), true);
});
