import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Overload, type OverloadSettings, shareOf } from "#proxy/overload.ts";
import { formatEvent } from "#telemetry/event-table.ts";

const mib = 1_048_576;
const settings: OverloadSettings = {
	maximumSessions: 10,
	maximumPerClient: 3,
	maximumDecrypted: 2,
	memoryHighOctets: 100 * mib,
	action: "bypass",
};
const make = (changes: Partial<OverloadSettings> = {}) => new Overload(1, { ...settings, ...changes });
const ids = (overload: Overload, used: number, now: number) => overload.tick(used * mib, now).map(({ id }) => id);

test("one client cannot take the sessions of all others, and is named", () => {
	const overload = make();
	assert.deepEqual(
		[1, 2, 3, 4].map(() => overload.accept("10.0.0.1")),
		[undefined, undefined, undefined, "client-full"],
	);
	assert.equal(overload.accept("10.0.0.2"), undefined);
	assert.deepEqual(overload.tick(0, 0).map(formatEvent), [
		"client 10.0.0.1 holds 3 sessions of worker 1, as many as one client may; refused since the last report: 1",
	]);
	overload.closed("10.0.0.1", false);
	assert.equal(overload.accept("10.0.0.1"), undefined);
});

test("beyond the sessions of a worker connections are refused, told at once and then once a minute", () => {
	const overload = make({ maximumSessions: 2 });
	for (const client of ["10.0.0.1", "10.0.0.2"]) overload.accept(client);
	assert.equal(overload.accept("10.0.0.3"), "full");
	assert.deepEqual(ids(overload, 1, 0), ["SESSION_OVERLOAD"]);
	overload.accept("10.0.0.3");
	assert.deepEqual(ids(overload, 1, 1_000), []);
	assert.deepEqual(ids(overload, 1, 60_000), ["SESSION_OVERLOAD"]);
	assert.deepEqual(ids(overload, 1, 120_000), []);
});

test("R186 R278 N4 R221: beyond the decrypted sessions the action is taken, counted and told, and so is the end", () => {
	for (const action of ["bypass", "block"] as const) {
		const overload = make({ action });
		for (let at = 0; at < 3; at++) overload.accept("10.0.0.1");
		assert.deepEqual([overload.decrypt().may, overload.decrypt().may], [true, true]);
		const answer = overload.decrypt();
		assert.deepEqual(answer, {
			may: false,
			action,
			because: "the worker decrypts 2 sessions, as many as maximum-sessions gives it",
		});
		const [event] = overload.tick(0, 0).map(formatEvent);
		const words = action === "bypass" ? "allow but bypass inspection" : "block";
		assert.match(
			event ?? "",
			new RegExp(`critical threshold of concurrent sessions: .* 2, .*; action: ${words};.*: 1$`),
		);
		assert.deepEqual(overload.tick(0, 1_000), []);
		overload.closed("10.0.0.1", true);
		assert.deepEqual(ids(overload, 0, 2_000), ["INSPECTION_LIMIT_LEFT"]);
		assert.deepEqual(ids(overload, 0, 3_000), []);
		assert.equal(overload.decrypt().may, true);
	}
});

test("above the memory mark nothing more is decrypted, until it is a tenth below", () => {
	const overload = make();
	assert.deepEqual(ids(overload, 99, 0), []);
	assert.deepEqual(ids(overload, 101, 1_000), ["MEMORY_HIGH"]);
	assert.equal(overload.accept("10.0.0.1"), undefined);
	assert.equal(overload.decrypt().may, false);
	assert.deepEqual(ids(overload, 95, 2_000), []);
	assert.equal(overload.decrypt().may, false);
	assert.deepEqual(ids(overload, 89, 3_000), ["MEMORY_NORMAL"]);
	assert.equal(overload.decrypt().may, true);
});

test("with overload-action block no client is accepted above the memory mark", () => {
	const overload = make({ action: "block" });
	overload.tick(101 * mib, 0);
	assert.equal(overload.accept("10.0.0.1"), "memory");
	assert.deepEqual(ids(overload, 50, 1_000), ["MEMORY_NORMAL"]);
	assert.equal(overload.accept("10.0.0.1"), undefined);
});

test("a limit of the whole gateway is shared out exactly", () => {
	assert.deepEqual(
		[1, 2, 3].map((worker) => shareOf(7, worker, 3)),
		[3, 2, 2],
	);
	assert.deepEqual(
		[1, 2].map((worker) => shareOf(1, worker, 2)),
		[1, 0],
	);
});

test("whatever opens and closes, no limit is passed and nothing is left behind", () => {
	const steps = fc.array(fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c"), fc.boolean()), { maxLength: 60 });
	fc.assert(
		fc.property(steps, (taken) => {
			const overload = make({ maximumSessions: 5 });
			const open: { client: string; isDecrypted: boolean }[] = [];
			for (const [opens, client, decrypts] of taken) {
				if (opens) {
					if (overload.accept(client) === undefined)
						open.push({ client, isDecrypted: decrypts && overload.decrypt().may });
				} else {
					const session = open.shift();
					if (session !== undefined) overload.closed(session.client, session.isDecrypted);
				}
				assert.ok(open.length <= 5);
				assert.ok(open.filter((one) => one.client === client).length <= 3);
				assert.equal(overload.decrypted, open.filter(({ isDecrypted }) => isDecrypted).length);
				assert.ok(overload.decrypted <= 2);
			}
		}),
	);
});
