import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entries, type Keyed } from "#config/entries.ts";

function entry(...keys: string[]): Keyed {
	return { keys };
}

function listed(entries: Entries<Keyed>): string[] {
	return [...entries].map(({ keys }) => keys.join(" "));
}

function userList(...names: string[]): Entries<Keyed> {
	return names.reduce((entries, name) => entries.set(entry(name)), Entries.empty<Keyed>("user"));
}

test("a user's list keeps the order of entry, a sorted one goes by name", () => {
	assert.deepEqual(listed(userList("b", "a10", "a9")), ["b", "a10", "a9"]);
	const sorted = ["b", "a10", "a9"].reduce((entries, name) => entries.set(entry(name)), Entries.empty<Keyed>("sorted"));
	assert.deepEqual(listed(sorted), ["a9", "a10", "b"]);
	assert.equal(sorted.move(["b"], "before", ["a9"]), sorted);
});

test("an entry is replaced in its place", () => {
	const other = { keys: ["a"], isNew: true };
	const entries = userList("a", "b").set(other);
	assert.deepEqual(listed(entries), ["a", "b"]);
	assert.equal(entries.get(["a"]), other);
});

test("entries with two keys are told apart by both", () => {
	const entries = Entries.empty<Keyed>("user").set(entry("a", "b c")).set(entry("a b", "c"));
	assert.equal(entries.size, 2);
	assert.deepEqual(entries.get(["a", "b c"])?.keys, ["a", "b c"]);
});

test("insert puts an entry before or after another, or first", () => {
	const entries = userList("a", "b", "c");
	assert.deepEqual(listed(entries.move(["c"], "before", ["a"])), ["c", "a", "b"]);
	assert.deepEqual(listed(entries.move(["a"], "after", ["b"])), ["b", "a", "c"]);
	assert.deepEqual(listed(entries.move(["c"], "first")), ["c", "a", "b"]);
	assert.equal(entries.move(["a"], "before", ["nowhere"]), entries);
	assert.equal(entries.move(["a"], "before", ["a"]), entries);
});

test("rename keeps the place and refuses a name that is taken", () => {
	const entries = userList("a", "b", "c");
	assert.deepEqual(listed(entries.rename(["b"], entry("x"))), ["a", "x", "c"]);
	assert.equal(entries.rename(["b"], entry("c")), entries);
});

test("moves in any number agree with an array, also when the numbers between neighbours run out", () => {
	const moves = fc.array(
		fc.record({ what: fc.nat(5), to: fc.nat(5), where: fc.constantFrom("before" as const, "after" as const) }),
		{ maxLength: 300 },
	);
	fc.assert(
		fc.property(moves, (list) => {
			let model = ["0", "1", "2", "3", "4", "5"];
			let entries = userList(...model);
			for (const { what, to, where } of list) {
				entries = entries.move([`${what}`], where, [`${to}`]);
				if (what === to) continue;
				const rest = model.filter((name) => name !== `${what}`);
				model = rest.toSpliced(rest.indexOf(`${to}`) + (where === "after" ? 1 : 0), 0, `${what}`);
			}
			assert.deepEqual(listed(entries), model);
		}),
		{ numRuns: 50 },
	);
	let entries = userList("a", "b", "c");
	for (let round = 0; round < 500; round++) entries = entries.move([round % 2 === 0 ? "c" : "b"], "after", ["a"]);
	assert.deepEqual(listed(entries), ["a", "b", "c"]);
});

test("names with a beginning are found without reading the whole list", () => {
	let entries = Entries.empty<Keyed>("sorted");
	for (const name of ["a1", "a2", "a10", "a", "b", "a-x", "a01"]) entries = entries.set(entry(name));
	assert.deepEqual(entries.namesFrom("a1", 10), ["a1", "a10"]);
	assert.deepEqual(entries.namesFrom("a", 3).length, 3);
	assert.deepEqual(entries.namesFrom("", 100).length, 7);
	assert.deepEqual(entries.namesFrom("z", 5), []);
});

test("finding by beginning agrees with a filter", () => {
	const text = fc.string({ unit: fc.constantFrom("0", "1", "2", "a", "-"), minLength: 1, maxLength: 5 });
	fc.assert(
		fc.property(
			fc.uniqueArray(text, { maxLength: 30 }),
			fc.string({ unit: fc.constantFrom("0", "1", "a", "-"), maxLength: 3 }),
			(names, prefix) => {
				const entries = names.reduce((all, name) => all.set(entry(name)), Entries.empty<Keyed>("sorted"));
				assert.deepEqual(entries.namesFrom(prefix, 100).sort(), names.filter((name) => name.startsWith(prefix)).sort());
			},
		),
		{ numRuns: 1_000 },
	);
});

test("differences name what is new, gone, replaced or moved", () => {
	const before = userList("a", "b", "c");
	const after = before
		.delete(["a"])
		.set(entry("d"))
		.set({ keys: ["b"] });
	const told = [...after.differencesFrom(before)].map((one) => `${one.before?.keys ?? "-"}>${one.after?.keys ?? "-"}`);
	assert.deepEqual(told.sort(), ["->d", "a>-", "b>b"]);
	assert.deepEqual([...before.differencesFrom(before)], []);
	assert.equal([...before.move(["c"], "first").differencesFrom(before)].length, 1);
});

test("differences in place are told in the order of the list; a change of a user's order is none", () => {
	const before = userList("b", "c", "a");
	const after = before.set({ keys: ["a"] }).set({ keys: ["b"] });
	assert.deepEqual(
		after.differencesInPlace(before)?.map((one) => one.after?.keys),
		[["b"], ["a"]],
	);
	assert.deepEqual(before.differencesInPlace(before), []);
	for (const other of [before.set(entry("d")), before.delete(["c"]), before.move(["c"], "first")])
		assert.equal(other.differencesInPlace(before), undefined);
	const sorted = Entries.empty<Keyed>("sorted").set(entry("x")).set(entry("y"));
	const changed = sorted.delete(["x"]).set(entry("z")).differencesInPlace(sorted) ?? [];
	assert.deepEqual(changed.map((one) => `${one.before?.keys ?? "-"}>${one.after?.keys ?? "-"}`).sort(), ["->z", "x>-"]);
});

test("an entry is found however often one asks, in every version of the list", () => {
	const names = Array.from({ length: 600 }, (_, index) => `n${index}`);
	const before = userList(...names);
	for (let round = 0; round < 2; round++) for (const name of names) assert.deepEqual(before.get([name])?.keys, [name]);
	assert.equal(before.get(["none"]), undefined);
	const fresh = { keys: ["n7"] };
	const after = before.set(fresh).delete(["n8"]);
	for (const name of names) assert.equal(after.get([name]) === undefined, name === "n8");
	assert.equal(after.get(["n7"]), fresh);
	assert.notEqual(before.get(["n7"]), fresh);
	assert.notEqual(before.get(["n8"]), undefined);
});
