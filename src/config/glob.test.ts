import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesWildcard } from "#config/glob.ts";

test("stars, question marks and sets", () => {
	assert.ok(matchesWildcard("<*>", ""));
	assert.ok(matchesWildcard("<ge-0/0/*>", "ge-0/0/12"));
	assert.ok(!matchesWildcard("<ge-0/0/*>", "xe-0/0/12"));
	assert.ok(matchesWildcard("<ge-0/0/[0-3]>", "ge-0/0/2"));
	assert.ok(!matchesWildcard("<ge-0/0/[0-3]>", "ge-0/0/4"));
	assert.ok(matchesWildcard("<[!a]?c>", "xbc"));
	assert.ok(!matchesWildcard("<[!a]?c>", "abc"));
	assert.ok(matchesWildcard("<a[b>", "a[b"));
	assert.ok(matchesWildcard("<*a*b*>", "xxaxxbxx"));
});

test("many stars stay quick, and the answer is that of a regular expression", () => {
	assert.ok(!matchesWildcard(`<${"*a".repeat(50)}>`, `${"a".repeat(5_000)}b`));
	const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
	fc.assert(
		fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 }), (glob, name) => {
			const expression = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
			assert.equal(matchesWildcard(`<${glob}>`, name), expression.test(name), `${glob} ${name}`);
		}),
		{ numRuns: 2_000 },
	);
});
