import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyFile, readLocalFile, writeLocalFile } from "#cli/local-files-shell.ts";

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "files-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

async function read(file: string): Promise<string> {
	let text = "";
	for await (const piece of readLocalFile(file)) text += piece;
	return text;
}

test("files are written for their owner alone, added to, and read piece by piece", async (t) => {
	const file = join(directory(t), "x");
	writeLocalFile(file, "a\n", "replace");
	writeLocalFile(file, "b\n", "append");
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(await read(file), "a\nb\n");
	writeLocalFile(file, "c\n", "replace");
	assert.equal(readFileSync(file, "utf8"), "c\n");
});

test("what is no file is refused with the reason of the system", async (t) => {
	const path = directory(t);
	await assert.rejects(() => read(join(path, "none")), /ENOENT/);
	await assert.rejects(() => read(path), /is no file/);
	await assert.rejects(() => read("/dev/zero"), /is no file/);
	assert.throws(() => writeLocalFile(path, "x", "replace"), /EISDIR/);
});

test("a file is copied into a directory under its own name", (t) => {
	const [from, to] = [directory(t), directory(t)];
	writeFileSync(join(from, "x"), "content");
	copyFile(join(from, "x"), to);
	assert.equal(readFileSync(join(to, "x"), "utf8"), "content");
});
