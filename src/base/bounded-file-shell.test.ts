import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readBoundedFile, writeNewFile } from "#base/bounded-file-shell.ts";

test("a regular file is read whole, also through a symbolic link, up to the bound", (t) => {
	const path = directory(t);
	const file = join(path, "file");
	writeFileSync(file, Buffer.alloc(10_000, 7));
	symlinkSync(file, join(path, "link"));
	assert.deepEqual(readBoundedFile(file, 10_000), Buffer.alloc(10_000, 7));
	assert.deepEqual(readBoundedFile(join(path, "link"), 10_000), Buffer.alloc(10_000, 7));
	assert.throws(() => readBoundedFile(file, 9_999), /file has 10000 octets; at most 9999 are read/);
});

test("a file that says it has no octets is read to its end and no further than the bound", () => {
	assert.match(readBoundedFile("/proc/self/status", 65_536).toString(), /^Name:.*\n/);
	assert.throws(() => readBoundedFile("/proc/self/status", 100), /more than 100 octets/);
});

test("a FIFO, a device, a directory, a link to itself and what is not there are refused, none is waited for", (t) => {
	const path = directory(t);
	execFileSync("mkfifo", [join(path, "fifo")]);
	symlinkSync(join(path, "circle"), join(path, "circle"));
	for (const [file, why] of [
		[join(path, "fifo"), /fifo is a device, FIFO or socket; expected a regular file/],
		["/dev/zero", /zero is a device, FIFO or socket/],
		[path, /is a directory; expected a file/],
		[join(path, "circle"), /leads in a circle/],
		[join(path, "absent"), /absent does not exist on the gateway/],
		["/etc/passwd/x", /a part of its path is no directory/],
		[`/${"x".repeat(300)}`, /is too long for the name of a file/],
	] as const)
		assert.throws(() => readBoundedFile(file, 1_000), why);
});

test("a new file is written; another one, also through a link, is left as it is", (t) => {
	const path = directory(t);
	const [file, link] = [join(path, "file"), join(path, "link")];
	writeNewFile(file, "one", 0o600);
	symlinkSync(join(path, "elsewhere"), link);
	for (const taken of [file, link])
		assert.throws(() => writeNewFile(taken, "two", 0o600), /exists already; name a new/);
	assert.equal(readFileSync(file, "utf8"), "one");
	assert.throws(() => writeNewFile(join(path, "none/file"), "", 0o600), /its directory does not exist on the gateway/);
	assert.throws(() => writeNewFile(join(file, "x"), "", 0o600), /a part of its path is no directory/);
});

function directory(t: { after(undo: () => void): void }): string {
	const path = mkdtempSync(join(tmpdir(), "bounded-file-"));
	t.after(() => rmSync(path, { recursive: true }));
	return path;
}
