import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { IkeKeyLog } from "#daemon/ike-key-log.ts";

function makeLog(t: TestContext): IkeKeyLog {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-key-log-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return new IkeKeyLog(folder);
}

test("lines are added to a file that only its owner reads, whatever it was made before", (t) => {
	const log = makeLog(t);
	log.write("one");
	assert.equal(statSync(log.path).mode & 0o777, 0o600);
	chmodSync(log.path, 0o644);
	log.write("two");
	assert.equal(readFileSync(log.path, "utf8"), "one\ntwo\n");
	assert.equal(statSync(log.path).mode & 0o777, 0o600);
	assert.equal(statSync(join(log.path, "..")).mode & 0o777, 0o700);
});

test("it does not grow for ever, and a place that cannot be written is no fault", (t) => {
	const log = makeLog(t);
	for (let at = 0; at < 12; at++) log.write("x".repeat(100_000));
	assert.ok(statSync(log.path).size < 200_000);
	assert.ok(statSync(`${log.path}.0`).size >= 1_048_576);
	new IkeKeyLog("/dev/null").write("lost");
});
