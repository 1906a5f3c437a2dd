import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCounters, readRules, readTableNames } from "#firewall/nft-output.ts";

test("tables and counters are read as nft prints them", () => {
	const tables = `{"nftables": [{"metainfo": {"json_schema_version": 1}}, {"table": {"family": "inet", "name": "sallyport", "handle": 1}}]}`;
	assert.deepEqual(readTableNames(tables), ["inet sallyport"]);
	const counters = `{"nftables": [{"metainfo": {}}, {"counter": {"family": "inet", "name": "policy-1", "table": "sallyport", "handle": 6, "packets": 3, "bytes": 180}}]}`;
	assert.deepEqual([...readCounters(counters)], [["policy-1", 3]]);
});

test("rules of routing are read as ip prints them, an empty answer is no rule", () => {
	assert.deepEqual(readRules(`[{"priority":0,"src":"all","table":"local"}]`), [
		{ priority: 0, src: "all", table: "local" },
	]);
	assert.deepEqual(readRules(""), []);
});

test("whatever is printed, it is read without a fault", () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.json(),
				fc.json().map((text) => `{"nftables": ${text}}`),
			),
			(text) => {
				for (const read of [readTableNames, readRules]) assert.ok(Array.isArray(read(text)));
				assert.ok(readCounters(text) instanceof Map);
			},
		),
	);
});
