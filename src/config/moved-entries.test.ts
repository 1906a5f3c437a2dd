import assert from "node:assert/strict";
import { test } from "node:test";
import { Entries, type Keyed } from "#config/entries.ts";
import { movedEntries } from "#config/moved-entries.ts";

function listOf(order: "user" | "sorted", ...names: string[]): Entries<Keyed> {
	return names.reduce((all, name) => all.set({ keys: [name] }), Entries.empty<Keyed>(order));
}

test("the fewest entries count as moved; new and deleted ones do not", () => {
	const moved = movedEntries(listOf("user", "a", "b", "c", "gone"), listOf("user", "new", "c", "a", "b"));
	assert.deepEqual(
		[...moved].map(({ keys }) => keys[0]),
		["c"],
	);
	assert.equal(movedEntries(listOf("sorted", "a", "b"), listOf("sorted", "b", "a")).size, 0);
});
