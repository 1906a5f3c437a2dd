/** `npm run walk`: what it starts is replayed by guide-ways-in.test.ts; here, what it says when it cannot start. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";

test("a walk without a gateway says what to run first, and leaves no file", (t) => {
	const state = mkdtempSync(join(tmpdir(), "sallyport-walk-"));
	t.after(() => rmSync(state, { recursive: true, force: true }));
	const words = ["--disable-warning=ExperimentalWarning", join(projectRoot, "scripts/walk.ts"), "--state", state];
	const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
	assert.equal(status, 1);
	assert.match(stderr, /is no state directory of a gateway; run npm start in another terminal first\n$/);
	assert.deepEqual(readdirSync(state), []);
});
