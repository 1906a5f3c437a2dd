import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PacketLog, PacketLogBudget, PacketRecorder } from "#inspect/packet-log.ts";

const plan = { before: 2, after: 1, timeoutMs: 5_000 };

function recording(budget = new PacketLogBudget(1e6, 10), before = 2) {
	const logs: PacketLog[] = [];
	const clock = { now: 0 };
	const recorder = new PacketRecorder(
		before,
		budget,
		() => clock.now,
		(log) => logs.push(log),
	);
	/** A chunk, and what is found in it. */
	const chunk = (direction: 0 | 1, text: string, attack?: string, rule = plan) => {
		recorder.chunk(direction, Buffer.from(text));
		if (attack !== undefined) recorder.attack(attack, rule);
		recorder.looked();
	};
	const told = () =>
		logs.map(({ attacks, pieces }) => [
			attacks.join(),
			pieces.map(({ octets }) => Buffer.from(octets).toString()).join(" "),
		]);
	return { recorder, chunk, told, logs, clock, budget };
}

test("a log holds what came before the attack, the attack, and what followed", () => {
	const { chunk, told, logs } = recording();
	for (const text of ["a", "b", "c"]) chunk(0, text);
	chunk(1, "evil", "7 a worm");
	assert.deepEqual(told(), []);
	chunk(0, "after");
	chunk(0, "later");
	assert.deepEqual(told(), [["7 a worm", "b c evil after"]]);
	assert.deepEqual(
		logs[0]?.pieces.map(({ direction, offset, received }) => [direction, offset, received]),
		[
			[0, 1, 0],
			[0, 2, 0],
			[1, 0, 3],
			[0, 3, 4],
		],
	);
});

test("without any that follow it is whole at once; else with the end of the session or of the time", () => {
	const { chunk, told } = recording();
	chunk(0, "evil", "x", { ...plan, after: 0 });
	assert.deepEqual(told(), [["x", "evil"]]);
	const ended = recording();
	ended.chunk(0, "evil", "x");
	ended.recorder.close();
	assert.deepEqual(ended.told(), [["x", "evil"]]);
	const late = recording();
	late.chunk(0, "evil", "x");
	late.clock.now = 5_000;
	late.recorder.secondPassed();
	assert.deepEqual(late.told(), [["x", "evil"]]);
	late.chunk(0, "later");
	assert.equal(late.told().length, 1);
});

test("a second attack goes into the log that is open", () => {
	const { chunk, told } = recording();
	chunk(0, "one", "1");
	chunk(0, "two", "2");
	chunk(0, "end");
	assert.deepEqual(told(), [["1,2", "one two end"]]);
});

test("a long chunk is cut into pieces, of which the last ones are kept; what the chunk's owner writes later is not in it", () => {
	const { recorder, logs } = recording();
	const chunk = Buffer.alloc(200_000, "x");
	chunk.write("evil", chunk.length - 4);
	recorder.chunk(0, chunk);
	recorder.attack("x", { ...plan, after: 0 });
	chunk.fill(0);
	recorder.looked();
	const pieces = logs[0]?.pieces ?? [];
	assert.equal(pieces.length, 64);
	assert.ok(pieces.every(({ octets }) => octets.length <= 1_400));
	assert.match(Buffer.from(pieces.at(-1)?.octets ?? []).toString(), /^x+evil$/);
	assert.equal((pieces.at(-1)?.offset ?? 0) + (pieces.at(-1)?.octets.length ?? 0), 200_000);
});

test("who finds no room is not logged, and room is given back", () => {
	const budget = new PacketLogBudget(10, 1);
	const [first, second] = [recording(budget), recording(budget)];
	first.chunk(0, "a");
	second.chunk(0, "evil", "x");
	second.recorder.close();
	assert.deepEqual(second.told(), [], "no second session");
	first.chunk(0, "far too long for it", "x", { ...plan, after: 0 });
	assert.deepEqual(first.told(), [["x", "a"]]);
	first.recorder.close();
	assert.deepEqual(budget.held, { octets: 0, sessions: 0 });
});

test("one session has so many logs and no more", () => {
	const { chunk, told } = recording();
	for (let n = 0; n < 40; n++) chunk(0, "evil", "x", { ...plan, after: 0 });
	assert.equal(told().length, 16);
});

test("whatever a session does, no more is held than stated, and nothing is left behind", () => {
	const step = fc.record({
		direction: fc.constantFrom(0 as const, 1 as const),
		size: fc.integer({ min: 0, max: 5_000 }),
		attack: fc.boolean(),
		after: fc.integer({ min: 0, max: 255 }),
		pause: fc.integer({ min: 0, max: 3_000 }),
	});
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 255 }), (steps, before) => {
			const budget = new PacketLogBudget(60_000, 2);
			const { recorder, chunk, clock, logs } = recording(budget, before);
			for (const { direction, size, attack, after, pause } of steps) {
				clock.now += pause;
				chunk(direction, "x".repeat(size), attack ? "x" : undefined, { before, after, timeoutMs: 2_000 });
				recorder.secondPassed();
				assert.ok(budget.held.octets >= 0 && budget.held.octets <= 60_000);
			}
			recorder.close();
			assert.deepEqual(budget.held, { octets: 0, sessions: 0 });
			for (const { pieces } of logs) assert.ok(pieces.length <= 1_024);
		}),
	);
});
