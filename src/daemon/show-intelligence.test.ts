import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { FeedView } from "#daemon/feed-service.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { commandWorld, runHandler } from "../../test/support/command-world.ts";
import { gatewayConfiguration } from "../../test/support/gateway.ts";

const at = Date.parse("2026-11-30T10:00:00Z");
const fetched: FeedView = {
	name: "far",
	from: "https://feeds.example/list",
	state: {
		entries: 7,
		refused: 1,
		unsupported: 2,
		size: 90,
		digest: "d",
		fetchedAt: at,
		confirmedAt: Date.now() - 180_000,
	},
	dueAt: at + 3_600_000,
	isFetching: false,
	failure: undefined,
	isStale: false,
};

async function world(t: TestContext) {
	const security = `intelligence {
		feed close { category command-and-control; file near.txt; }
		feed far { category url; format stix; url "https://feeds.example/list?key=s3cret"; }
	}`;
	const made = await commandWorld(t, { configuration: gatewayConfiguration({ ipv4: 8080, ipv6: 8080 }, { security }) });
	made.gateway.feedViews = [fetched];
	return made;
}

test("each feed tells where it comes from, what was read of it, how old it is and when it is fetched again", async (t) => {
	const one = await world(t);
	one.gateway.intelligence.heard(
		gatewayEvent("FEED_LOADED", at, { feed: "far", entries: 7, refused: 1, unsupported: 2 }),
	);
	one.gateway.intelligence.heard(gatewayEvent("FEED_UNREADABLE", at, { feed: "close", reason: "it is not there" }));
	assert.equal(
		await runHandler(one, "show-feeds"),
		`Feed: close, category command-and-control, format text
  From: file near.txt
  Entries: could not be read at 2026-11-30 10:00:00 UTC: it is not there
Feed: far, category url, format stix
  From: https://feeds.example/list
  Entries: 7; 1 are none, 2 patterns are not understood; read at 2026-11-30 10:00:00 UTC
  Fetched: 2026-11-30 10:00:00 UTC; the newest 3 minutes ago
  Next: 2026-11-30 11:00:00 UTC
`,
	);
	const failure = { at, why: "it answered 503" };
	one.gateway.feedViews = [{ ...fetched, failure, isStale: true }];
	assert.match(
		await runHandler(one, "show-feeds", { "feed-name": "far" }),
		/^Feed: far[\s\S]*3 minutes ago, which is old\n {2}Failed: 2026-11-30 10:00:00 UTC: it answered 503\n/,
	);
	assert.match(await runHandler(one, "show-alarms"), /Minor {2}feed far is old: it answered 503\n/);
	one.gateway.feedViews = [{ ...fetched, failure, state: undefined, isFetching: true }];
	assert.match(await runHandler(one, "show-feeds"), / {2}Fetched: never\n {2}Failed: [^\n]*\n {2}Next: now\n$/);
	await assert.rejects(runHandler(one, "show-feeds", { "feed-name": "none" }), /feed "none" is not configured/);
});

test("the same as JSON, without what may be secret in a URL", async (t) => {
	const text = await runHandler(await world(t), "show-feeds", {}, true);
	assert.doesNotMatch(text, /s3cret/);
	const [close, far] = JSON.parse(text).feeds;
	assert.deepEqual(close, { name: "close", category: "command-and-control", format: "text", file: "near.txt" });
	assert.deepEqual(
		[far.url, far.fetchedAt, far.isStale],
		["https://feeds.example/list", "2026-11-30 10:00:00 UTC", false],
	);
});

test("matches are told by feed and begin anew when they are cleared", async (t) => {
	const one = await world(t);
	one.gateway.intelligence.count([{ feed: "close", blocked: 3, passed: 1 }]);
	const text = await runHandler(one, "show-feed-matches");
	assert.match(
		text,
		/^Matches since .* UTC\nFeed {3}Category {13}Blocked {2}Passed\nclose {2}command-and-control {2}3 {8}1\nfar {4}url {18}0 {8}0\n$/,
	);
	assert.equal(JSON.parse(await runHandler(one, "show-feed-matches", {}, true)).feeds[0].blocked, 3);
	await runHandler(one, "clear-feed-matches");
	assert.match(await runHandler(one, "show-feed-matches"), /close {2}command-and-control {2}0 {8}0\n/);
});

test("feeds are fetched when somebody asks; who asks for a file is told", async (t) => {
	const one = await world(t);
	assert.match(await runHandler(one, "update-feeds"), /^1 feed is fetched; /);
	await assert.rejects(
		runHandler(one, "update-feeds", { "feed-name": "close" }),
		/feed "close" is read from file near\.txt/,
	);
	one.gateway.feedViews = [];
	await assert.rejects(runHandler(one, "update-feeds"), /no feed has a url/);
});
