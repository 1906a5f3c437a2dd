import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FeedFiles } from "#daemon/feed-files.ts";
import type { FeedPlan } from "#inspect/compile-precedence.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";

test("feeds of a category are one table; a file is read again when it is another one, and its lack is told", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = (name: string) => join(folder, name);
	writeFileSync(file("one"), "evil.example\n-none-\n");
	writeFileSync(file("two"), "worse.example 9\n");
	const events: GatewayEvent[] = [];
	const feeds = new FeedFiles((event) => events.push(event));
	const plan = (name: string): FeedPlan => ({
		name,
		category: "url",
		file: file(name),
		format: "text",
		maximumEntries: 100,
		updateMs: 60_000,
	});
	const isKnown = (name: string) => (feeds.tables.get("url")?.matchName(name).length ?? 0) > 0;
	feeds.configure([plan("one"), plan("two")], 0);
	assert.deepEqual([isKnown("evil.example"), isKnown("worse.example")], [true, true]);
	assert.deepEqual(
		events.map(({ id, fields }) => [id, { ...fields }]),
		[
			["FEED_LOADED", { feed: "one", entries: 1, refused: 1 }],
			["FEED_LOADED", { feed: "two", entries: 1, refused: 0 }],
		],
	);
	feeds.configure([plan("one"), plan("two")], 0);
	assert.equal(events.length, 2);
	writeFileSync(file("two"), "newer.example\n");
	utimesSync(file("two"), 1, 1);
	feeds.look(59_999);
	assert.equal(isKnown("newer.example"), false);
	feeds.look(60_000);
	assert.deepEqual([isKnown("newer.example"), isKnown("worse.example"), isKnown("evil.example")], [true, false, true]);
	feeds.configure([plan("gone")], 0);
	assert.deepEqual([events.at(-1)?.id, isKnown("evil.example")], ["FEED_UNREADABLE", false]);
	feeds.configure([], 0);
	assert.equal(feeds.tables.size, 0);
});
