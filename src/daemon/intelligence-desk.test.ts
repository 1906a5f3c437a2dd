import assert from "node:assert/strict";
import { test } from "node:test";
import { IntelligenceDesk } from "#daemon/intelligence-desk.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";

test("the last word of a worker about a feed is kept; other events say nothing of it", () => {
	const desk = new IntelligenceDesk(0);
	desk.heard(gatewayEvent("FEED_UNREADABLE", 1, { feed: "bad", reason: "it is not there" }));
	assert.deepEqual(desk.reading("bad"), { kind: "unreadable", at: 1, why: "it is not there" });
	desk.heard(gatewayEvent("FEED_LOADED", 2, { feed: "bad", entries: 3, refused: 1, unsupported: 0 }));
	desk.heard(gatewayEvent("WORKER_STARTED", 3, { worker: 1, processId: 5 }));
	desk.heard({ id: "FEED_LOADED", at: 4, fields: { feed: "bad" } });
	assert.deepEqual(desk.reading("bad"), { kind: "read", at: 2, entries: 3, refused: 1, unsupported: 0 });
	assert.equal(desk.reading("other"), undefined);
});

test("matches are summed over workers until they are cleared", () => {
	const desk = new IntelligenceDesk(0);
	desk.count([{ feed: "bad", blocked: 1, passed: 0 }]);
	desk.count([{ feed: "bad", blocked: 1, passed: 2 }]);
	assert.deepEqual(desk.matches("bad"), { feed: "bad", blocked: 2, passed: 2 });
	desk.clearMatches(7);
	assert.deepEqual([desk.matches("bad").blocked, desk.since], [0, 7]);
});
