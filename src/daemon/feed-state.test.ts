import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readFeedState, stateFile, writeFeedState } from "#daemon/feed-state.ts";

test("what is known of a feed is found again; what is half, or no state, counts as nothing", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "f");
	assert.equal(readFeedState(file), undefined);
	const state = {
		etag: '"1"',
		fetchedAt: 1,
		confirmedAt: 2,
		entries: 3,
		refused: 0,
		unsupported: 0,
		size: 9,
		digest: "d",
	};
	writeFeedState(file, state);
	assert.deepEqual(readFeedState(file), state);
	for (const text of [
		"",
		"{",
		"null",
		"{}",
		JSON.stringify({ ...state, size: "9" }),
		JSON.stringify({ ...state, digest: 5 }),
	]) {
		writeFileSync(stateFile(file), text);
		assert.equal(readFeedState(file), undefined, text);
	}
});
