import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { applicationId, migrations, schemaVersion } from "#telemetry/event-store-schema.ts";

test("the file's mark is the four letters of the product", () => {
	assert.equal(Buffer.from(applicationId.toString(16), "hex").toString("latin1"), "Saly");
});

test("the version is the number of steps, and a released step never changes", () => {
	assert.equal(schemaVersion, migrations.length);
	const prints = migrations.map((step) => createHash("sha256").update(step.replace(/\s+/g, " ")).digest("hex"));
	assert.deepEqual(prints.slice(0, released.length), released);
});

/** SHA-256 of each step that was released, white space folded. Add a line with each release; never change one. */
const released: readonly string[] = ["57942b7952bf5629aa0a42358b073e6414e85e5c79214499649093f24d3d35a8"];
