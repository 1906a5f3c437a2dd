import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleWords } from "#daemon/rule-words.ts";
import { formatEvent, severityOf } from "#telemetry/event-table.ts";

test("what became of rules is told with where they come from", () => {
	const what = { name: "rules-1", from: "https://rules.example/emerging.tar.gz" };
	const told = [
		ruleWords.fetched(what, 9, { entries: 3, refused: 2, unsupported: 1 }, 0),
		ruleWords.notFetched(what, "it answered 503; see maximum-size", 0),
		ruleWords.stale(what, "2026-11-30T10:00:00Z", 0),
	];
	assert.deepEqual(
		told.map((event) => `${severityOf(event.id)} ${formatEvent(event)}`),
		[
			"info rules of https://rules.example/emerging.tar.gz were fetched and are others: 9 octets, 3 rules, 2 are not understood, 1 would read files of this host and were left out",
			"error rules of https://rules.example/emerging.tar.gz were not fetched: it answered 503",
			"warning rules of https://rules.example/emerging.tar.gz are old: their server last said at 2026-11-30T10:00:00Z that they are the newest",
		],
	);
});
