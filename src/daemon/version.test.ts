import assert from "node:assert/strict";
import { test } from "node:test";
import { floorMajor, productVersion } from "#daemon/version.ts";

test("the version is a version and this runtime is above the floor", () => {
	assert.match(productVersion, /^\d+\.\d+\.\d+$/);
	assert.ok(Number.parseInt(process.versions.node, 10) >= floorMajor);
});
