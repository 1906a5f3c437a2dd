import assert from "node:assert/strict";
import { test } from "node:test";
import { SkipSearch } from "#inspect/skip-search.ts";

function search(skip: SkipSearch, text: string): { matches: string[]; told: boolean | undefined } {
	const matches: string[] = [];
	const octets = Buffer.from(text);
	const told = skip.scan(octets, 0, octets.length, (pattern, end) => {
		matches.push(`${pattern}@${end}`);
		return false;
	});
	return { matches, told };
}

test("patterns of different lengths are found, with and without case", () => {
	const skip = new SkipSearch([Buffer.from("needle"), Buffer.from("haystack")], [true, false]);
	const { matches, told } = search(skip, "a NeEdLe in a haystack, a Haystack; needleneedle");
	assert.deepEqual(matches, ["0@8", "1@22", "0@42", "0@48"]);
	assert.equal(told, false);
	assert.ok(skip.stops >= 2 && skip.stops <= 8);
});

test("a pattern that the range cuts off is not told", () => {
	const skip = new SkipSearch([Buffer.from("needle")], [false]);
	const octets = Buffer.from("needle");
	assert.equal(
		skip.scan(octets, 0, 5, () => true),
		false,
	);
	assert.equal(
		skip.scan(octets, 1, 6, () => true),
		false,
	);
	assert.equal(
		skip.scan(octets, 0, 6, () => true),
		true,
	);
});

test("comparing too much ends the search at the offset from which all is left to be found", () => {
	const skip = new SkipSearch([Buffer.from(`${"a".repeat(300)}b`)], [false]);
	const { matches, told } = search(skip, "a".repeat(100_000));
	assert.equal(told, undefined);
	assert.deepEqual(matches, []);
	assert.ok(skip.position > 0 && skip.position < 100, `${skip.position}`);
});
