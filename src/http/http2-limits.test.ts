import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultHttp2Limits } from "#http/http2-limits.ts";

test("what one connection may hold stays below two mebibytes", () => {
	const { maxBlockOctets, maxListOctets, maxTableOctets, maxHeldTogether } = defaultHttp2Limits;
	// In each direction: the fragments and frames of a block, a list as two-octet text, two tables.
	assert.ok(2 * (2 * maxBlockOctets + 2 * maxListOctets + 2 * maxTableOctets) + maxHeldTogether < 2 ** 21);
});
