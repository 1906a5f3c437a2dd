import assert from "node:assert/strict";
import { test } from "node:test";
import { keywordGroups, keywords } from "#signature/keyword-table.ts";

test("no keyword stands in two groups", () => {
	const count = keywordGroups.reduce((sum, group) => sum + Object.keys(group.keywords).length, 0);
	assert.equal(keywords.size, count);
	assert.ok(count > 120, String(count));
});

test("buffers, their old names, modifiers and transforms are keywords", () => {
	for (const name of ["http.uri", "file_data", "pkt_data", "http_client_body", "tls_sni", "to_sha256", "dotprefix"])
		assert.ok(keywords.has(name), name);
	assert.equal(keywords.has("payload"), false);
});
