import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AttackLog, compileAttackLog } from "#inspect/attack-log.ts";
import { configOf } from "../../test/support/config-text.ts";

const settings = {
	maxWaiting: 100,
	suppresses: true,
	tellsServersApart: false,
	maxKept: 10,
	windowMs: 5_000,
	startLog: 1,
};

test("the first of equal attacks is told at once, those behind it together when their time is over", () => {
	const log = new AttackLog<string>(settings);
	for (const at of [0, 1_000, 2_000]) log.note("a", `a at ${at}`, at);
	log.note("b", "b", 2_000);
	const at = (now: number) => log.take(now).told.map(({ report, count }) => `${report} x ${count}`);
	assert.deepEqual(at(2_500), ["a at 0 x 1", "b x 1"]);
	assert.deepEqual(at(4_999), []);
	assert.deepEqual(at(5_000), ["a at 2000 x 2"]);
	log.note("a", "again", 5_001);
	assert.deepEqual(at(5_001), ["again x 1"]);
});

test("suppression can be switched off, and begin later", () => {
	const every = new AttackLog<string>({ ...settings, suppresses: false });
	const third = new AttackLog<string>({ ...settings, startLog: 3 });
	for (const log of [every, third]) for (let n = 0; n < 5; n++) log.note("a", "a", n);
	assert.equal(every.take(5).told.length, 5);
	assert.deepEqual(
		third.take(6_000).told.map(({ count }) => count),
		[1, 1, 1, 2],
	);
});

test("what waits and what is counted are bounded, and nothing gets lost uncounted", () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2_000 })), { maxLength: 300 }),
			fc.integer({ min: 1, max: 5 }),
			(attacks, startLog) => {
				const log = new AttackLog<number>({ ...settings, startLog, maxWaiting: 20 });
				let now = 0;
				let told = 0;
				for (const [key, pause] of attacks) {
					now += pause;
					log.note(String(key), key, now);
					if (pause % 7 === 0) {
						const taken = log.take(now);
						assert.ok(taken.told.length <= 20);
						told += taken.told.reduce((sum, { count }) => sum + count, taken.lost);
					}
				}
				const last = log.take(now, true);
				told += last.told.reduce((sum, { count }) => sum + count, last.lost);
				assert.equal(told, attacks.length);
			},
		),
	);
});

test("the settings are those of sensor-configuration log", () => {
	const of = (text: string) =>
		compileAttackLog(configOf(`security { idp { sensor-configuration { log { ${text} } } } }`).security.idp);
	assert.deepEqual(of(""), { ...settings, maxWaiting: 12_800, maxKept: 16_384 });
	assert.deepEqual(
		of(
			"cache-size 5; suppression { disable; include-destination-address; max-logs-operate 300; max-time-report 9; start-log 4; }",
		),
		{ maxWaiting: 5, suppresses: false, tellsServersApart: true, maxKept: 300, windowMs: 9_000, startLog: 4 },
	);
});
