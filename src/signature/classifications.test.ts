import assert from "node:assert/strict";
import { test } from "node:test";
import { classifications } from "#signature/classifications.ts";

test("classes have a description and a severity from 1 to 3", () => {
	for (const [name, { description, priority }] of classifications) {
		assert.match(name, /^[a-z0-9-]+$/);
		assert.ok(description.length > 5 && priority >= 1 && priority <= 3, name);
	}
	assert.equal(classifications.get("trojan-activity")?.priority, 1);
});
