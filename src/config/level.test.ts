import assert from "node:assert/strict";
import { test } from "node:test";
import { isInGroups, levelAbove, levelBelow, levelWords, topLevel } from "#config/level.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

test("a level goes down by words and up by branches", () => {
	const top = topLevel(sampleRoot);
	const resolved = resolveWords(sampleRoot, "security policies from-zone a to-zone b policy p".split(" ").map(itemOf), {
		salt: (count) => new Uint8Array(count),
	});
	assert.ok(resolved.ok);
	const level = levelBelow(top, resolved);
	assert.equal(levelWords(level).join(" "), "security policies from-zone a to-zone b policy p");
	assert.equal(levelWords(levelAbove(level)).join(" "), "security policies from-zone a to-zone b");
	assert.equal(levelWords(levelAbove(level, 99)).length, 0);
	assert.equal(levelAbove(level, 99).node, sampleRoot);
	assert.ok(!isInGroups(level));
});

test("below groups a level says so", () => {
	const resolved = resolveWords(sampleRoot, "groups g system".split(" ").map(itemOf), {
		salt: (count) => new Uint8Array(count),
	});
	assert.ok(resolved.ok);
	assert.ok(isInGroups(levelBelow(topLevel(sampleRoot), resolved)));
});
