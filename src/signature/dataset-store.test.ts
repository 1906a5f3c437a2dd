import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { DatasetStore } from "#signature/dataset-store.ts";
import type { DatasetStep } from "#signature/signature.ts";

const step = (command: DatasetStep["command"], form: DatasetStep["form"] = "string"): DatasetStep => ({
	type: "dataset",
	command,
	name: "names",
	form,
	load: undefined,
});

test("texts are loaded as base64, wrong lines are told", () => {
	const store = new DatasetStore();
	const text = `${Buffer.from("a.example").toString("base64")},5\n# note\n\n!\n`;
	assert.deepEqual(store.load("names", "string", text), [4]);
	assert.equal(store.holds(step("isset"), Buffer.from("a.example")), true);
	assert.equal(store.holds(step("isnotset"), Buffer.from("b.example")), true);
	assert.equal(store.holds(step("isset"), Buffer.from("b.example")), false);
});

test("hashes are loaded as hexadecimal; a buffer that is none is hashed", () => {
	const store = new DatasetStore();
	const hash = createHash("md5").update("abc").digest();
	assert.deepEqual(store.load("names", "md5", `${hash.toString("hex")}\nabcd\n`), [2]);
	assert.equal(store.holds(step("isset", "md5"), hash), true);
	assert.equal(store.holds(step("isset", "md5"), Buffer.from("abc")), true);
	assert.equal(store.holds(step("isset", "sha256"), Buffer.from("abc")), false);
});

test("set holds once for each value, unset takes it out", () => {
	const store = new DatasetStore();
	const value = Buffer.from("x");
	assert.deepEqual(
		[store.holds(step("set"), value), store.holds(step("set"), value), store.holds(step("isset"), value)],
		[true, false, true],
	);
	assert.deepEqual([store.holds(step("unset"), value), store.holds(step("isset"), value)], [true, false]);
});

test("there is an end to what rules can add", () => {
	const store = new DatasetStore();
	const octets = Buffer.alloc(4);
	for (let index = 0; index < 100_000; index++) {
		octets.writeUInt32BE(index);
		store.holds(step("set"), octets);
	}
	assert.equal(store.holds(step("set"), Buffer.from("one more")), false);
});
