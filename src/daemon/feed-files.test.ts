import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { FeedFiles } from "#daemon/feed-files.ts";
import type { FeedPlan } from "#inspect/compile-precedence.ts";
import { formatEvent, type GatewayEvent } from "#telemetry/event-table.ts";

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
		isFetched: false,
		updateMs: 60_000,
	});
	const isKnown = (name: string) => (feeds.tables.get("url")?.matchName(name).length ?? 0) > 0;
	feeds.configure([plan("one"), plan("two")], 0);
	assert.deepEqual([isKnown("evil.example"), isKnown("worse.example")], [true, true]);
	assert.deepEqual(
		events.map(({ id, fields }) => [id, { ...fields }]),
		[
			["FEED_LOADED", { feed: "one", entries: 1, refused: 1, unsupported: 0 }],
			["FEED_LOADED", { feed: "two", entries: 1, refused: 0, unsupported: 0 }],
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

test("a file that goes away takes nothing out of its feed, and keeps no other feed from being renewed", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = (name: string) => join(folder, name);
	writeFileSync(file("one"), "evil.example\n192.0.2.0/24\nshop.example/a/bad\n");
	writeFileSync(file("two"), "worse.example\n");
	const events: GatewayEvent[] = [];
	const feeds = new FeedFiles((event) => events.push(event));
	const plan = (name: string, path = file(name)): FeedPlan => ({
		name,
		category: "url",
		file: path,
		format: "text",
		maximumEntries: 100,
		isFetched: false,
		updateMs: 60_000,
	});
	const known = () => {
		const table = feeds.tables.get("url");
		return ["evil.example", "worse.example", "newer.example"].filter((name) => table?.matchName(name).length === 1);
	};
	feeds.configure([plan("one"), plan("two")], 0);
	rmSync(file("one"));
	writeFileSync(file("two"), "newer.example\n");
	utimesSync(file("two"), 1, 1);
	feeds.look(60_000);
	assert.deepEqual(known(), ["evil.example", "newer.example"]);
	const table = feeds.tables.get("url");
	assert.equal(table?.matchUrl("shop.example", "/a/bad").length, 1);
	assert.equal(table?.matchAddress(parseAddress("192.0.2.7") as Address).length, 1);
	assert.equal(table?.size, 4);
	const unreadable = events.filter(({ id }) => id === "FEED_UNREADABLE");
	assert.match(formatEvent(unreadable[0] as GatewayEvent), /one cannot be read: .*; what was read before is kept$/);

	writeFileSync(file("two"), "worse.example\n");
	utimesSync(file("two"), 2, 2);
	feeds.look(120_000);
	assert.deepEqual(known(), ["evil.example", "worse.example"], "kept once more");
	writeFileSync(file("one"), "newer.example\n");
	feeds.look(180_000);
	assert.deepEqual(known(), ["worse.example", "newer.example"], "the file is back");
	feeds.configure([plan("one", file("elsewhere")), plan("two")], 180_000);
	assert.deepEqual(known(), ["worse.example"], "nothing was ever read of another file");
});

test("a feed that is the same is neither read nor told of when another one of its category changes", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = (name: string) => join(folder, name);
	writeFileSync(file("one"), "evil.example\n");
	writeFileSync(file("two"), "worse.example\n");
	const told: string[] = [];
	const feeds = new FeedFiles(({ fields }) => told.push(`${(fields as { feed?: string }).feed}`));
	const plan = (name: string): FeedPlan => ({
		name,
		category: "url",
		file: file(name),
		isFetched: true,
		format: "text",
		maximumEntries: 100,
		updateMs: 60_000,
	});
	feeds.configure([plan("one"), plan("two")], 0);
	writeFileSync(file("two"), "evil.example\nnewer.example\n");
	utimesSync(file("two"), 1, 1);
	feeds.fetched(1);
	assert.deepEqual(told, ["one", "two", "two"]);
	const table = feeds.tables.get("url");
	assert.deepEqual(
		table?.matchName("evil.example").map(({ feed }) => feed),
		["one", "two"],
	);
	assert.deepEqual([table?.matchName("worse.example").length, table?.size], [0, 3]);
	feeds.configure([plan("two")], 2);
	assert.deepEqual([told.length, feeds.tables.get("url")?.size], [3, 2], "what is left is taken over as well");
	feeds.configure([plan("one"), plan("two")], 3);
	assert.deepEqual(told.slice(3), ["one"]);
});
