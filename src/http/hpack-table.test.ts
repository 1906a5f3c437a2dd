import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DynamicTable, fieldSize, staticTable } from "#http/hpack-table.ts";

const field = (name: string, value: string) => ({ name, value, isNeverIndexed: false });

test("the static table is the one of RFC 7541", () => {
	assert.equal(staticTable.length, 61);
	const at = (index: number) => `${staticTable[index - 1]?.name}=${staticTable[index - 1]?.value}`;
	assert.deepEqual([1, 2, 8, 14, 16, 28, 32, 38, 55, 58, 61].map(at), [
		":authority=",
		":method=GET",
		":status=200",
		":status=500",
		"accept-encoding=gzip, deflate",
		"content-length=",
		"cookie=",
		"host=",
		"set-cookie=",
		"user-agent=",
		"www-authenticate=",
	]);
});

test("the newest entry is first, the oldest is evicted", () => {
	const table = new DynamicTable(3 * fieldSize("a", "1"));
	for (const name of ["a", "b", "c", "d"]) table.add(field(name, "1"));
	assert.deepEqual(
		[0, 1, 2, 3].map((index) => table.at(index)?.name),
		["d", "c", "b", undefined],
	);
	assert.equal(table.size, 102);
	assert.equal(table.inserted, 4);
	table.setCapacity(101);
	assert.equal(table.count, 2);
	table.setCapacity(0);
	assert.deepEqual([table.count, table.size, table.at(0)], [0, 0, undefined]);
});

test("an entry larger than the table empties it", () => {
	const table = new DynamicTable(100);
	table.add(field("a", "b"));
	assert.equal(table.add(field("name", "x".repeat(65))), false);
	assert.deepEqual([table.count, table.size], [0, 0]);
	assert.equal(table.add(field("name", "x".repeat(64))), true, "an entry of exactly its size fits");
	assert.equal(table.count, 1);
});

test("any sequence of additions and sizes leaves what a plain list would hold", () => {
	const step = fc.oneof(fc.record({ add: fc.string({ maxLength: 120 }) }), fc.record({ capacity: fc.nat(2_000) }));
	fc.assert(
		fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
			const table = new DynamicTable(1_000);
			let list: string[] = [];
			let capacity = 1_000;
			const size = () => list.reduce((sum, value) => sum + fieldSize("n", value), 0);
			for (const one of steps) {
				if ("add" in one) {
					table.add(field("n", one.add));
					list = [one.add, ...list];
				} else {
					capacity = one.capacity;
					table.setCapacity(capacity);
				}
				// One that does not fit pushes out all before it and then itself.
				while (size() > capacity) list.pop();
				assert.equal(table.size, size());
				assert.deepEqual(
					list,
					Array.from({ length: table.count }, (_, index) => table.at(index)?.value),
				);
			}
		}),
	);
});
