import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordQueue } from "#telemetry/record-queue.ts";
import type { StoredRow } from "#telemetry/session-row.ts";

const row = (name: string, octets = 10): StoredRow => ({ table: "events", columns: [name], octets });

test("rows leave in the order they came", () => {
	const queue = new RecordQueue(10, 1_000, 2);
	for (const name of ["a", "b", "c"]) queue.push(row(name), 0);
	assert.deepEqual(queue.take(2), [row("a"), row("b")]);
	assert.deepEqual(queue.take(2), [row("c")]);
	assert.equal(queue.length, 0);
});

test("no more rows than the capacity are taken, those that wait elsewhere included", () => {
	const queue = new RecordQueue(3, 1_000, 2);
	assert.deepEqual([queue.push(row("a"), 1), queue.push(row("b"), 1), queue.push(row("c"), 1)], [true, true, false]);
});

test("no more memory than the capacity is taken, and taking rows out frees it", () => {
	const queue = new RecordQueue(100, 25, 2);
	assert.deepEqual([queue.push(row("a"), 0), queue.push(row("b"), 0), queue.push(row("c"), 0)], [true, true, false]);
	queue.take(1);
	assert.equal(queue.push(row("c"), 0), true);
});

test("a full queue has reserved room for the report of it, which is bounded too", () => {
	const queue = new RecordQueue(1, 1_000, 2);
	queue.push(row("a"), 0);
	const reserved = [0, 1, 2].map(() => queue.pushReserved(row("report"), 0));
	assert.deepEqual(reserved, [true, true, false]);
});

test("what was lost is accounted for once, with the latest reason", () => {
	const queue = new RecordQueue(1, 1_000, 0);
	assert.equal(queue.account(), undefined);
	queue.drop(2, "full");
	queue.drop(1, "closed");
	queue.drop(0, "nothing");
	assert.deepEqual(queue.account(), { count: 3, reason: "closed" });
	assert.equal(queue.account(), undefined);
	assert.equal(queue.dropped, 3);
});
