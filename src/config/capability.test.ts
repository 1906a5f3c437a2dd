import assert from "node:assert/strict";
import { test } from "node:test";
import { defineCapability } from "#config/capability.ts";
import { check } from "#config/check.ts";
import { error } from "#config/finding.ts";
import { name } from "#config/leaf-types.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { container, leaf } from "#config/schema.ts";
import { parseText } from "#config/text.ts";

const greeter = defineCapability({
	id: "greeter",
	schema: container({ help: "", children: { greeting: leaf(name(), { help: "Word", default: "hello" }) } }),
	verify: (config, facts: { readonly known: readonly string[] }) =>
		facts.known.includes(config.greeting) ? [] : [error([], "greeting", `'${config.greeting}' is no word`)],
	plan: (before, after) =>
		before?.greeting === after.greeting
			? []
			: [{ says: `say ${after.greeting}`, apply: { say: after.greeting }, undo: { say: before?.greeting ?? "" } }],
});

test("a capability checks and plans on the snapshot of the whole configuration", () => {
	const other = container({ help: "", children: { farewell: leaf(name(), { help: "Word" }) } });
	const root = mergeSchemas([greeter.schema, other]);
	const { snapshot } = check(root, parseText(root, "greeting hi; farewell bye;").tree);
	assert.ok(snapshot !== undefined);
	assert.deepEqual(greeter.verify(snapshot, { known: ["hi"] }), []);
	assert.equal(greeter.verify(snapshot, { known: [] }).length, 1);
	assert.deepEqual(greeter.plan(undefined, snapshot), [{ says: "say hi", apply: { say: "hi" }, undo: { say: "" } }]);
	assert.deepEqual(greeter.plan(snapshot, snapshot), []);
});
