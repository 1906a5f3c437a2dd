import assert from "node:assert/strict";
import { test } from "node:test";
import { intelligenceClears, intelligenceRequests, intelligenceShows } from "#cli/intelligence-commands.ts";

test("feeds are shown, fetched and counted anew; completion offers their names", () => {
	assert.deepEqual(Object.keys(intelligenceShows.children ?? {}), ["feeds", "statistics"]);
	assert.equal(intelligenceClears.children?.statistics?.run, "clear-feed-matches");
	for (const node of [intelligenceShows.children?.feeds, intelligenceRequests.children?.update])
		assert.equal(node?.options?.["feed-name"]?.type?.source, "feeds");
});
