import assert from "node:assert/strict";
import { test } from "node:test";
import { isScheduleActive } from "#policy/schedule.ts";
import { configOf } from "../../test/support/config-text.ts";

/** 4 January 2026 is a Sunday. */
const at = (day: number, hour: number, minute = 0) => new Date(2026, 0, day, hour, minute).getTime();

function active(text: string, now: number): boolean {
	const statement = configOf(`schedulers { scheduler s { ${text} } }`).schedulers.scheduler.get("s");
	assert.ok(statement);
	return isScheduleActive({ name: "s", statement }, now);
}

test("the hours of a day include their first and last second", () => {
	const office = "daily { start-time 08:00 stop-time 17:00; }";
	assert.deepEqual(
		[7, 8, 17, 18].map((hour) => active(office, at(5, hour))),
		[false, true, true, false],
	);
	assert.equal(active(office, at(5, 17, 1)), false);
});

test("a weekday's own statement goes before daily, and exclude takes the day out", () => {
	const text = "daily { all-day; } sunday { exclude; } monday { start-time 10:00 stop-time 11:00; }";
	assert.equal(active(text, at(4, 12)), false);
	assert.equal(active(text, at(5, 12)), false);
	assert.equal(active(text, at(5, 10, 30)), true);
	assert.equal(active(text, at(6, 12)), true);
});

test("a day that nothing names is out when another is named, and in when none is", () => {
	assert.equal(active("monday { all-day; }", at(6, 12)), false);
	assert.equal(active("monday { all-day; }", at(5, 12)), true);
	assert.equal(active("", at(6, 12)), true);
});

test("outside every period of dates it does not hold", () => {
	const text = "start-date 2026-01-05.09:00 stop-date 2026-01-05.12:00; daily { all-day; }";
	assert.deepEqual(
		[8, 9, 12, 13].map((hour) => active(text, at(5, hour))),
		[false, true, true, false],
	);
});
