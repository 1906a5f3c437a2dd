import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { namedFile, openStateDirectory, stateDirectoryPath } from "#daemon/state-directory.ts";

test("the directory is made with mode 0700, keys included", () => {
	const path = join(mkdtempSync(join(tmpdir(), "state-")), "a", "b");
	const state = openStateDirectory(path);
	assert.equal(statSync(path).mode & 0o777, 0o700);
	assert.equal(statSync(state.keys).mode & 0o777, 0o700);
});

test("a path that is a file is refused with the path and the remedy", () => {
	const path = join(mkdtempSync(join(tmpdir(), "state-")), "file");
	writeFileSync(path, "");
	assert.throws(
		() => openStateDirectory(path),
		(error) =>
			error instanceof FaultError &&
			error.fault.code === "STATE_DIRECTORY_UNUSABLE" &&
			error.message.includes(path) &&
			error.message.includes("--state"),
	);
});

test("a directory with somebody else's files keeps its mode", () => {
	const path = mkdtempSync(join(tmpdir(), "state-"));
	writeFileSync(join(path, "notes"), "");
	chmodSync(path, 0o755);
	const state = openStateDirectory(path);
	assert.equal(statSync(path).mode & 0o777, 0o755);
	assert.equal(statSync(state.keys).mode & 0o777, 0o700);
});

test("a file without a leading slash lies in the state directory", () => {
	assert.equal(namedFile({ path: "/state" }, "lists/a.txt"), "/state/lists/a.txt");
	assert.equal(namedFile({ path: "/state" }, "/etc/a.txt"), "/etc/a.txt");
});

test("an empty option or variable counts as not given", () => {
	assert.match(stateDirectoryPath("", { SALLYPORT_STATE: "" }), /\/var$/);
});

test("the option goes before the environment, which goes before the default", () => {
	assert.equal(stateDirectoryPath("/a", { SALLYPORT_STATE: "/b" }), "/a");
	assert.equal(stateDirectoryPath(undefined, { SALLYPORT_STATE: "/b" }), "/b");
	assert.match(stateDirectoryPath(undefined, {}), /\/var$/);
});
