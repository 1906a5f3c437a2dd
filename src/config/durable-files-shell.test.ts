import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { DurableFiles } from "#config/durable-files-shell.ts";

let directory = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "durable-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a file is replaced whole, for its owner alone, and read back", () => {
	const files = new DurableFiles(join(directory, "new"));
	files.replace("a", "ä".repeat(100_000));
	files.replace("a", "line one\nline two");
	assert.equal(files.read("a"), "line one\nline two");
	assert.equal(files.firstLine("a"), "line one");
	assert.equal(statSync(join(directory, "new", "a")).mode & 0o777, 0o600);
	assert.equal(statSync(join(directory, "new")).mode & 0o777, 0o700);
	assert.deepEqual([files.read("b"), files.firstLine("b")], [undefined, undefined]);
});

test("when anything fails before the rename the old file stays and nothing is left behind", () => {
	for (const where of ["open", "write", "flush", "ready", "rename"]) {
		let isArmed = false;
		const files = new DurableFiles(directory, (what) => {
			if (isArmed && what.startsWith(where)) throw new Error(`disk full at ${where}`);
		});
		files.replace("a", "old");
		isArmed = true;
		assert.throws(
			() =>
				files.replace("a", "new", () => {
					if (where === "ready") throw new Error("disk full at ready");
				}),
			new RegExp(`disk full at ${where}`),
		);
		assert.equal(files.read("a"), "old");
		assert.deepEqual(readdirSync(directory), ["a"]);
	}
});

test("a copy outside of the directory is for the owner alone too, and takes the place of what was there", () => {
	const files = new DurableFiles(join(directory, "new"));
	const copy = join(directory, "copy");
	writeFileSync(copy, "of before", { mode: 0o644 });
	files.replace("a", "text");
	files.copy("a", copy);
	files.replace("a", "another");
	assert.equal(readFileSync(copy, "utf8"), "text");
	assert.equal(statSync(copy).mode & 0o777, 0o600);
	assert.throws(() => files.copy("b", copy), /ENOENT/);
});

test("a second name keeps the old text, and a name that is taken is left alone", () => {
	const files = new DurableFiles(directory);
	files.replace("a", "one");
	files.link("a", "b");
	files.replace("a", "two");
	files.link("a", "b");
	assert.deepEqual([files.read("a"), files.read("b")], ["two", "one"]);
	files.remove("b");
	files.remove("b");
	assert.deepEqual(files.names(), ["a"]);
});

test("what an interrupted write left behind is removed at the start", () => {
	writeFileSync(join(directory, "a.tmp"), "half");
	assert.deepEqual(new DurableFiles(directory).names(), []);
	assert.deepEqual(readdirSync(directory), []);
});
