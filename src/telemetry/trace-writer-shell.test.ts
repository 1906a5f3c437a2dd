import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type TraceSettings, TraceWriter } from "#telemetry/trace-writer-shell.ts";

function makeWriter(t: TestContext, more: Partial<TraceSettings> = {}) {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-trace-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const path = join(folder, "vpn.log");
	const settings = {
		path,
		maxOctets: 1_000,
		files: 3,
		match: undefined,
		isWorldReadable: false,
		linesPerSecond: undefined,
	};
	const writer = new TraceWriter({ ...settings, ...more });
	return { writer, path, lines: () => (existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : []) };
}

test("a line has its time before it, and no control character in it; only those who may trace read the file", (t) => {
	const { writer, path, lines } = makeWriter(t);
	writer.write("ike: a\u001b[2Jb", 0);
	assert.match(lines()[0] ?? "", /^1970-01-01T00:00:00\.000Z ike: a.+b$/);
	assert.ok(!readFileSync(path, "utf8").includes("\u001b"));
	assert.equal(statSync(path).mode & 0o777, 0o600);
	const open = makeWriter(t, { isWorldReadable: true });
	open.writer.write("x", 0);
	assert.equal(statSync(open.path).mode & 0o777, 0o644);
});

test("lines that do not match are left out, and those beyond the rate are counted", (t) => {
	const { writer, lines } = makeWriter(t, { match: "keep", linesPerSecond: 2 });
	for (const text of ["keep 1", "other", "keep 2", "keep 3", "keep 4"]) writer.write(text, 500);
	writer.write("keep 5", 1_500);
	assert.deepEqual(
		lines().map((line) => line.slice(25)),
		["keep 1", "keep 2", "2 lines were left out by rate-limit", "keep 5"],
	);
});

test("V6: files are rotated at their size, and the oldest goes", (t) => {
	const { writer, path, lines } = makeWriter(t, { maxOctets: 100 });
	for (let index = 0; index < 12; index++) writer.write(`line ${String(index).padStart(2, "0")} ${"x".repeat(40)}`, 0);
	assert.deepEqual([existsSync(`${path}.0`), existsSync(`${path}.1`), existsSync(`${path}.2`)], [true, true, false]);
	assert.match(lines().at(-1) ?? "", /line 11/);
	assert.match(readFileSync(`${path}.0`, "utf8"), /line 09/);
});

test("a folder that is gone is no fault of who traces", (t) => {
	const { writer } = makeWriter(t, { path: "/nowhere/at/all.log" });
	writer.write("lost", 0);
});
