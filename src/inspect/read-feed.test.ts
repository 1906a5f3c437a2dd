import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readFeed } from "#inspect/read-feed.ts";

const values = (text: string, format: "text" | "csv" | "json", maximum = 100) => {
	const entries = readFeed(text, format, maximum);
	return typeof entries === "string" ? entries : entries.map(({ value, level }) => `${value} ${level}`);
};

test("a text has an entry a line, a level behind it, comments and empty lines", () => {
	const text = "# a list\r\n192.0.2.1\nevil.example 3 # why\n\n; no\nsite.example/#part 11\n  spaced.example\t7  \n";
	assert.deepEqual(values(text, "text"), [
		"192.0.2.1 10",
		"evil.example 3",
		"site.example/#part 10",
		"spaced.example 7",
	]);
});

test("columns with commas have the entry first and the level second", () => {
	const text = '# first_seen\n"192.0.2.1","4","x"\nevil.example, 9\nplain.example\n';
	assert.deepEqual(values(text, "csv"), ["192.0.2.1 4", "evil.example 9", "plain.example 10"]);
});

test("a list in JSON has texts or objects; what is neither is left out, and another text is told", () => {
	const json = JSON.stringify([
		"a.example",
		{ value: "b.example", level: 2 },
		{ entry: "c.example" },
		5,
		null,
		{ x: 1 },
	]);
	assert.deepEqual(values(json, "json"), ["a.example 10", "b.example 2", "c.example 10"]);
	assert.equal(values("{}", "json"), "expected a list of entries");
	assert.equal(values("[", "json"), "it is not JSON");
});

test("any text is read, and never more entries than allowed", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), fc.constantFrom("text", "csv", "json"), (text, format) => {
			const entries = readFeed(`${text}\n`.repeat(5), format, 3);
			assert.ok(typeof entries === "string" || entries.length <= 3);
		}),
	);
});
