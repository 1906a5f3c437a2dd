import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { Counters, mergeCounters, retireCounters } from "#telemetry/counters.ts";
import { counterTable } from "#telemetry/event-table.ts";

test("a counter grows by one or by a number, and a snapshot does not change afterwards", () => {
	const counters = new Counters();
	counters.add("sessions_opened");
	counters.add("octets_to_client", 5_000_000_000);
	const before = counters.snapshot();
	counters.add("sessions_opened", 2);
	assert.equal(before.sessions_opened, 1);
	assert.equal(counters.get("sessions_opened"), 3);
	assert.equal(counters.snapshot().octets_to_client, 5_000_000_000);
	assert.deepEqual(Object.keys(before), Object.keys(counterTable));
});

test("the numbers of all workers add up, one of another version included", () => {
	const [first, second] = [new Counters(), new Counters()];
	first.add("http_requests", 4);
	first.add("sessions_active");
	second.add("http_requests", 6);
	second.add("sessions_active", 2);
	const sum = mergeCounters([first.snapshot(), second.snapshot(), { http_requests: 1 }, { findings: Number.NaN }]);
	assert.equal(sum.http_requests, 11);
	assert.equal(sum.sessions_active, 3);
	assert.equal(sum.findings, 0);
});

test("a worker that died keeps its counters and loses its gauges", () => {
	const counters = new Counters();
	counters.add("sessions_opened", 7);
	counters.add("sessions_active", 2);
	const last = retireCounters(counters.snapshot());
	assert.equal(last.sessions_opened, 7);
	assert.equal(last.sessions_active, 0);
});

test("counting allocates nothing", () => {
	const counters = new Counters();
	const count = () => {
		for (let round = 0; round < 500_000; round++) {
			counters.add("octets_to_client", 16_384.5);
			counters.add("http_requests");
		}
	};
	// What was ever allocated, collected or not; a boxed number a call would be 12 MB. The first rounds run before the
	// compiler has optimized them, on a busy machine several.
	const allocated = () => {
		const before = getHeapStatistics().total_allocated_bytes;
		count();
		return getHeapStatistics().total_allocated_bytes - before;
	};
	let rounds = 1;
	while (allocated() >= 4_000_000) assert.ok(++rounds <= 40);
	assert.equal(counters.get("http_requests"), rounds * 500_000);
});
