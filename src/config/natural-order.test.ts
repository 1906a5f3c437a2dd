import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareNatural } from "#config/natural-order.ts";

test("numbers inside names are compared as numbers", () => {
	const names = ["ge-0/0/10", "ge-0/0/2", "ge-0/0/2.10", "ge-0/0/2.9", "b", "a1b", "a01b", "a10"];
	assert.deepEqual(names.toSorted(compareNatural), [
		"a01b",
		"a1b",
		"a10",
		"b",
		"ge-0/0/2",
		"ge-0/0/2.9",
		"ge-0/0/2.10",
		"ge-0/0/10",
	]);
});

test("the order is total: antisymmetric, transitive, and zero only for the same text", () => {
	const text = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", "-", "z"), maxLength: 6 });
	fc.assert(
		fc.property(text, text, text, (a, b, c) => {
			const ab = Math.sign(compareNatural(a, b));
			assert.equal(ab + Math.sign(compareNatural(b, a)), 0);
			assert.equal(ab === 0, a === b);
			if (ab <= 0 && compareNatural(b, c) <= 0) assert.ok(compareNatural(a, c) <= 0, `${a} ${b} ${c}`);
		}),
		{ numRuns: 5_000 },
	);
});
