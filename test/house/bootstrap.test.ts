/** What npm ci installed by hand is recognised, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { projectRoot, readText } from "../../scripts/source-files.ts";

interface Lock {
	readonly packages: Readonly<Record<string, { version?: string; integrity?: string; optional?: boolean }>>;
}
// Plain JavaScript, without types.
const { isAsLocked }: { isAsLocked(locked: Lock, installed: Lock): boolean } = await import(
	String(new URL("../../scripts/bootstrap.mjs", import.meta.url))
);
const locked: Lock = JSON.parse(readText(projectRoot, "package-lock.json"));
const installed: Lock = JSON.parse(readText(projectRoot, "node_modules/.package-lock.json"));
const without = (packages: Lock["packages"], path: string): Lock => ({
	packages: Object.fromEntries(Object.entries(packages).filter(([one]) => one !== path)),
});

test("what npm ci writes down of this installation is as the lock file says", () => {
	assert.equal(isAsLocked(locked, installed), true);
});

test("a package that is missing, another, or too many is not as locked; one for another platform may be missing", () => {
	const path = "node_modules/fast-check";
	const there = installed.packages[path];
	assert.ok(there?.version !== undefined);
	assert.equal(isAsLocked(locked, without(installed.packages, path)), false);
	const older = { packages: { ...installed.packages, [path]: { ...there, version: "0.0.1" } } };
	assert.equal(isAsLocked(locked, older), false);
	const changed = { packages: { ...installed.packages, [path]: { ...there, integrity: "sha512-x" } } };
	assert.equal(isAsLocked(locked, changed), false);
	const more = { packages: { ...installed.packages, "node_modules/more": { version: "1.0.0" } } };
	assert.equal(isAsLocked(locked, more), false);
	const foreign = Object.entries(locked.packages).find(
		([one, { optional }]) => optional === true && !(one in installed.packages),
	);
	assert.ok(foreign !== undefined, "the lock file has packages of other platforms");
});
