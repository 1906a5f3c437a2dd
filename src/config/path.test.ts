import assert from "node:assert/strict";
import { test } from "node:test";
import { passedWords, pathWords } from "#config/path.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

test("the words of a path are those that were typed, with key words and without names of unnamed lists", () => {
	for (const line of [
		"security policies from-zone a to-zone b policy p match",
		"interfaces ge-0/0/0 unit 0 family inet",
		"security address-book global",
	]) {
		const resolved = resolveWords(sampleRoot, line.split(" ").map(itemOf), { salt: (count) => new Uint8Array(count) });
		assert.ok(resolved.ok);
		assert.equal(passedWords(resolved.passed).join(" "), line);
		assert.equal(
			pathWords(
				sampleRoot,
				resolved.passed.map(({ step }) => step),
			).join(" "),
			line,
		);
	}
	assert.deepEqual(pathWords(sampleRoot, [{ name: "nowhere", keys: [], holds: "container" }]), []);
});
