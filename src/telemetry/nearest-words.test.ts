import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearestWords } from "#telemetry/nearest-words.ts";

test("the word that was meant comes first", () => {
	const words = ["--follow", "--json", "--limit", "--state"];
	assert.deepEqual(nearestWords("--limt", words, 1), ["--limit"]);
	assert.deepEqual(nearestWords("--jsno", words, 1), ["--json"]);
});

test("a beginning counts as near, however much is missing", () => {
	assert.deepEqual(nearestWords("SERVER_CERT", ["SERVER_UNREACHABLE", "INTERNAL", "SERVER_CERTIFICATE_INVALID"], 1), [
		"SERVER_CERTIFICATE_INVALID",
	]);
});

test("the answer holds candidates only, the word itself first when it is one", () => {
	fc.assert(
		fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), fc.nat(5), (words, count) => {
			const word = words[0] as string;
			const near = nearestWords(word, words, count);
			assert.ok(near.length <= count && near.every((one) => words.includes(one)));
			if (count > 0) assert.equal(near[0], word);
		}),
	);
});
