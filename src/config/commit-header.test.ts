import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCommitHeader, parseCommitHeader, parseScheduleHeader } from "#config/commit-header.ts";
import { parseText } from "#config/text.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

test("a record comes back from its line, which the text reader passes over", () => {
	fc.assert(
		fc.property(
			fc.nat(),
			fc.string({ unit: "binary" }),
			fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
			fc.boolean(),
			(serial, user, comment, isWaiting) => {
				const record = {
					serial,
					time: 5,
					user,
					via: "cli",
					...(comment === undefined ? {} : { comment }),
					...(isWaiting ? { confirm: { by: 9, fallback: 1 } } : {}),
				};
				const line = formatCommitHeader(record);
				assert.equal(line.indexOf("\n"), line.length - 1);
				assert.deepEqual(parseCommitHeader(line.trimEnd()), JSON.parse(JSON.stringify(record)));
				assert.deepEqual(parseText(sampleRoot, line).errors, []);
			},
		),
	);
	const later = { at: 7, user: "a", via: "cli", comment: "c" };
	assert.deepEqual(parseScheduleHeader(formatCommitHeader(later)), later);
});

test("anything else is no record", () => {
	for (const line of [
		undefined,
		"",
		"## commit",
		"## commit {",
		"## commit []",
		'## commit {"serial":-1,"time":1,"user":"a","via":"b"}',
		'## commit {"serial":1,"time":1e300,"user":"a","via":"b"}',
		"system {",
	])
		assert.equal(parseCommitHeader(line), undefined);
	assert.equal(parseScheduleHeader("## commit {}"), undefined);
	fc.assert(fc.property(fc.string(), (text) => assert.equal(parseScheduleHeader(text), undefined)));
});
