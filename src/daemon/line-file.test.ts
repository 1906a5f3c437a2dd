import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LineFile } from "#daemon/line-file.ts";

function folder(t: TestContext): string {
	const made = mkdtempSync(join(tmpdir(), "sallyport-lines-"));
	t.after(() => rmSync(made, { recursive: true, force: true }));
	return made;
}

test("lines are appended, files rotated at a size, and the oldest goes; only the owner reads them", (t) => {
	const at = folder(t);
	const path = join(at, "eve.json");
	const file = new LineFile({ path, maxOctets: 4, files: 3, failed: () => assert.fail() });
	for (const line of ["one", "two", "three", "four"]) file.append([line]);
	assert.deepEqual(readdirSync(at).sort(), ["eve.json", "eve.json.0", "eve.json.1"]);
	assert.deepEqual(
		["eve.json", "eve.json.0", "eve.json.1"].map((name) => readFileSync(join(at, name), "utf8")),
		["four\n", "three\n", "two\n"],
	);
	assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("what cannot be written is told once, until it goes again", (t) => {
	const at = folder(t);
	const path = join(at, "eve.json");
	mkdirSync(path);
	const told: string[] = [];
	const file = new LineFile({ path, maxOctets: 1e9, files: 2, failed: (reason) => told.push(reason) });
	file.append(["lost"]);
	file.append(["lost"]);
	assert.equal(told.length, 1);
	rmSync(path, { recursive: true });
	file.append(["there"]);
	assert.equal(readFileSync(path, "utf8"), "there\n");
});
