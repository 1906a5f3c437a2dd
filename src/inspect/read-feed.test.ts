import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FeedFormat, readFeed } from "#inspect/read-feed.ts";

const values = (text: string, format: FeedFormat, maximum = 100) => {
	const reading = readFeed(text, format, maximum, 0);
	return typeof reading === "string" ? reading : reading.entries.map(({ value, level }) => `${value} ${level}`);
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

test("a bundle of STIX is read; a byte order mark before JSON is none of it", () => {
	const pattern = "[domain-name:value = 'evil.example']";
	const bundle = JSON.stringify({ type: "bundle", objects: [{ type: "indicator", pattern, confidence: 30 }] });
	assert.deepEqual(values(`\uFEFF${bundle}`, "stix"), ["evil.example 3"]);
	assert.equal(values("[]", "stix"), "expected a STIX bundle, with a list of objects");
	assert.deepEqual(values('\uFEFF["a.example"]', "json"), ["a.example 10"]);
	assert.deepEqual(values("\uFEFFa.example", "text"), ["a.example 10"]);
});

test("any text is read, and never more entries than allowed", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: "binary" }),
			fc.constantFrom<FeedFormat>("text", "csv", "json", "stix"),
			(text, format) => {
				const reading = readFeed(`${text}\n`.repeat(5), format, 3, 0);
				assert.ok(typeof reading === "string" || reading.entries.length <= 3);
			},
		),
	);
});
