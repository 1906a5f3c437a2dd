import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedTable } from "#inspect/feed-table.ts";
import { feedObstacle, fillFeed } from "#inspect/fill-feed.ts";

const shape = { format: "text", maximumEntries: 100 } as const;

test("what is an entry goes into the table, the rest is counted", () => {
	const table = new FeedTable();
	const account = fillFeed(table, "f", "evil.example 3\n192.0.2.0/24\n-none-\n", shape, 0);
	assert.deepEqual(account, { entries: 2, refused: 1, unsupported: 0 });
	assert.equal(table.matchName("evil.example")[0]?.level, 3);
	assert.equal(fillFeed(table, "f", "{", { ...shape, format: "json" }, 0), "it is not JSON");
	const bundle = { objects: [{ type: "indicator", pattern: "[a:b = 'c']" }] };
	const stix = fillFeed(table, "f", JSON.stringify(bundle), { ...shape, format: "stix" }, 0);
	assert.deepEqual(stix, { entries: 0, refused: 0, unsupported: 1 });
});

test("a page that is no feed does not take its place; one without entries but comments does", () => {
	const obstacle = (text: string) =>
		feedObstacle(
			text.length,
			fillFeed(new FeedTable(), "f", text, shape, 0) as Exclude<ReturnType<typeof fillFeed>, string>,
		);
	const page = "<html>\n<body>\n<h1>Sorry</h1>\nnothing here\n</body>\n</html>\n";
	assert.equal(obstacle(page), "5 of 6 entries are no address, name, URL or fingerprint");
	assert.equal(obstacle(""), "it is empty");
	assert.equal(obstacle("# nobody is bad today\n"), undefined);
	assert.equal(obstacle("a.example\n-none-\n"), undefined);
});
