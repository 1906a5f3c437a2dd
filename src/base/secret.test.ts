import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "#base/secret.ts";

test("a secret shows itself in no print, only on demand", () => {
	const secret = new Secret("hunter2");
	for (const shown of [`${secret}`, JSON.stringify({ secret }), inspect(secret), inspect({ secret })])
		assert.doesNotMatch(shown, /hunter2/);
	assert.equal(secret.danger_reveal(), "hunter2");
});
