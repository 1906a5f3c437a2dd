import assert from "node:assert/strict";
import { test } from "node:test";
import { name } from "#config/leaf-types.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { container, flag, leaf, list, type SchemaNode } from "#config/schema.ts";

const at = (children: Record<string, SchemaNode>) =>
	container({ help: "", children: { top: container({ help: "", children }) } });

test("statements stand in the order of the slices, containers of one path once", () => {
	const merged = mergeSchemas([
		at({ a: flag({ help: "" }) }),
		at({ b: flag({ help: "" }) }),
		at({ c: flag({ help: "" }) }),
	]);
	assert.deepEqual(
		merged.children.map((child) => child.name),
		["groups", "top"],
	);
	const top = merged.byName.get("top")?.node;
	assert.ok(top?.kind === "container");
	assert.deepEqual(
		top.children.map((child) => child.name),
		["a", "b", "c"],
	);
});

test("the same node in two slices is no clash", () => {
	const shared = leaf(name(), { help: "" });
	assert.doesNotThrow(() => mergeSchemas([at({ a: shared }), at({ a: shared })]));
});

test("a clash of kind, keys, order, presence or layout is a bug", () => {
	const withList = (order: "user" | "sorted", key: string) =>
		at({ l: list({ help: "", order, keys: { [key]: name() } }) });
	const withContainer = (options: { presence?: boolean; layout?: "line" }) =>
		at({ c: container({ help: "", children: {}, ...options }) });
	assert.throws(() => mergeSchemas([at({ a: flag({ help: "" }) }), at({ a: leaf(name(), { help: "" }) })]), /top a/);
	assert.throws(() => mergeSchemas([withList("user", "k"), withList("sorted", "k")]), /top l/);
	assert.throws(() => mergeSchemas([withList("user", "k"), withList("user", "n")]), /top l/);
	assert.throws(() => mergeSchemas([withContainer({ presence: true }), withContainer({})]), /top c/);
	assert.throws(() => mergeSchemas([withContainer({ layout: "line" }), withContainer({})]), /lay out top c/);
	assert.throws(() => mergeSchemas([]), /nothing/);
});
