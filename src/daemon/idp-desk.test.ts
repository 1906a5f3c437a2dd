import assert from "node:assert/strict";
import { test } from "node:test";
import { IdpDesk } from "#daemon/idp-desk.ts";
import type { AttackCount, AttackReport } from "#daemon/worker-attacks.ts";
import { formatEvent, severityOf } from "#telemetry/event-table.ts";

function desk() {
	const events: string[] = [];
	const lines: string[] = [];
	const counted = new Map<string, number>();
	const made = new IdpDesk({
		event: (event) => events.push(`${severityOf(event.id)} ${formatEvent(event)}`),
		count: (id, by) => counted.set(id, (counted.get(id) ?? 0) + by),
		lines: { append: (more) => lines.push(...more) },
		now: () => 5,
	});
	return { made, events, lines, counted };
}

const count: AttackCount = { gid: 1, sid: 7, message: "a worm", severity: "major", hits: 2, blocked: 1 };
const report: AttackReport = {
	session: "s",
	client: "10.0.0.1",
	server: "192.0.2.1",
	port: 443,
	policy: "web",
	rule: "stop",
	attack: "7 a worm",
	severity: "major",
	action: "blocked",
	count: 3,
	isAlert: false,
	line: "{}",
};

test("attacks of all workers are counted in one table, until it is cleared", () => {
	const { made, counted } = desk();
	made.noted({ counts: [count], reports: [], lost: 0 });
	made.noted({ counts: [count, { ...count, sid: 8, hits: 1 }], reports: [], lost: 0 });
	assert.deepEqual(
		made.attacks().map(({ sid, hits, blocked }) => [sid, hits, blocked]),
		[
			[7, 4, 2],
			[8, 1, 1],
		],
	);
	assert.deepEqual([counted.get("attacks_found"), counted.get("attacks_blocked")], [5, 3]);
	assert.deepEqual([made.clear(), made.attacks().length], [2, 0]);
});

test("a report is an event and a line; with alert the event is one", () => {
	const { made, events, lines, counted } = desk();
	made.noted({ counts: [], reports: [report, { ...report, isAlert: true, count: 1, line: '{"a":1}' }], lost: 4 });
	assert.deepEqual(events, [
		"warning session s of 10.0.0.1 to 192.0.2.1 port 443: attack 7 a worm (major) was blocked by rule stop of idp policy web; 3 times",
		"alert session s of 10.0.0.1 to 192.0.2.1 port 443: attack 7 a worm (major) was blocked by rule stop of idp policy web; 1 times",
		"alert 4 records were dropped: more attacks than security idp sensor-configuration log cache-size has room for",
	]);
	assert.deepEqual(lines, ["{}", '{"a":1}']);
	assert.equal(counted.get("attacks_put_together"), 2);
});

test("what a worker that was taken over says does no more than fill a bounded table", () => {
	const { made, events, lines } = desk();
	for (const odd of [{ hits: -1 }, { sid: "x" }, { message: 5 }, { severity: "constructor" }, { blocked: 1e300 }])
		made.noted({ counts: [{ ...count, ...odd } as unknown as AttackCount], reports: [], lost: Number.NaN });
	for (const odd of [{ count: 0 }, { client: 5 }, { port: "x" }, { line: undefined }])
		made.noted({ counts: [], reports: [{ ...report, ...odd } as unknown as AttackReport], lost: -1 });
	assert.deepEqual([made.attacks().length, events.length], [0, 0]);
	made.noted({
		counts: [],
		reports: [
			{ ...report, line: "{}\n{}" },
			{ ...report, line: "x".repeat(1e6) },
		],
		lost: 0,
	});
	assert.deepEqual(lines, []);
	for (let sid = 0; sid < 10_100; sid++) made.noted({ counts: [{ ...count, sid }], reports: [], lost: 0 });
	assert.equal(made.attacks().length, 10_000);
	assert.equal(made.attacks()[0]?.sid, 100);
});
