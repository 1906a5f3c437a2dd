import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { namesOnRings } from "#policy/rings.ts";

const graph = (members: Record<string, string[]>) => new Map(Object.entries(members));

test("a set that holds itself, directly or by way of others, is found; what only leads there is not", () => {
	assert.deepEqual(namesOnRings(graph({ a: ["a"] })), ["a"]);
	assert.deepEqual(namesOnRings(graph({ in: ["a"], a: ["b"], b: ["c"], c: ["a", "out"], out: [] })), ["a", "b", "c"]);
	assert.deepEqual(namesOnRings(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })), []);
	assert.deepEqual(namesOnRings(graph({ a: ["missing"] })), []);
});

test("a chain of 50,000 sets and a ladder of 2^50 ways are looked through at once", () => {
	const chain = new Map(Array.from({ length: 50_000 }, (_, index) => [`${index}`, [`${index + 1}`]]));
	assert.deepEqual(namesOnRings(chain), []);
	const ladder = new Map<string, string[]>();
	for (let step = 0; step < 50; step++) {
		ladder.set(`a${step}`, [`a${step + 1}`, `b${step + 1}`]);
		ladder.set(`b${step}`, [`a${step + 1}`, `b${step + 1}`]);
	}
	assert.deepEqual(namesOnRings(ladder), []);
});

test("no ring is reported exactly when walking from every name comes to an end", () => {
	const names = ["a", "b", "c", "d"];
	const anyGraph = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray(names)])));
	fc.assert(
		fc.property(anyGraph, (members) => {
			const endsFrom = (name: string, left: number): boolean =>
				left > 0 && (members[name] ?? []).every((one) => endsFrom(one, left - 1));
			const ends = names.every((name) => endsFrom(name, names.length + 1));
			assert.equal(namesOnRings(graph(members)).length === 0, ends);
		}),
	);
});
