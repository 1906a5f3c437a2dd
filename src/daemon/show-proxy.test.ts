import assert from "node:assert/strict";
import { test } from "node:test";
import {
	clearStatistics,
	explain,
	recentSessionIds,
	showCounters,
	showSessions,
	showStatistics,
	showStatus,
} from "#daemon/show-proxy.ts";
import { counterTable } from "#telemetry/event-table.ts";
import { commandWorld, storeSessions } from "../../test/support/command-world.ts";
import { sessionRecord } from "../../test/support/session-records.ts";

test("R261: sessions are listed newest last, filtered, and as JSON", async (t) => {
	const world = await commandWorld(t);
	storeSessions(
		world,
		sessionRecord({ id: "1".repeat(16), client: { address: "10.1.4.7", port: 1 }, decision: "decrypt" }),
		sessionRecord({ id: "2".repeat(16), client: { address: "10.2.0.1", port: 2 }, decision: "bypass" }),
	);
	const all = [...showSessions(world, {}, false, 0)];
	assert.match(all[0] ?? "", /^TIME +SESSION/);
	assert.match(all[2] ?? "", /22222222/);
	assert.equal([...showSessions(world, { source: "10.1.0.0/16" }, false, 0)].length, 2);
	assert.equal([...showSessions(world, { decision: "bypass", last: "5" }, false, 80)].length, 2);
	assert.deepEqual([...showSessions(world, { policy: "nobody" }, false, 0)].slice(1), ["No session matches\n"]);
	const json = [...showSessions(world, { last: "1" }, true, 0)];
	assert.equal(JSON.parse(json[0] ?? "").id, "2".repeat(16));
	assert.throws(() => [...showSessions(world, { since: "yesterday" }, false, 0)], /expected/);
	assert.deepEqual(recentSessionIds(world, "2"), ["2".repeat(16)]);
});

test("a session is explained by its id or its first digits", async (t) => {
	const world = await commandWorld(t);
	storeSessions(world, sessionRecord({ id: "3f9c000000000001" }), sessionRecord({ id: "3f9c000000000002" }));
	assert.match(explain(world, { session: "3f9c000000000002" }, false), /^Session 3f9c000000000002: [a-z, ]+\nAsked/);
	assert.equal(JSON.parse(explain(world, { session: "3f9c000000000001" }, true)).id, "3f9c000000000001");
	assert.throws(
		() => explain(world, { session: "3f9c" }, false),
		/several session ids begin with 3f9c; give more digits:\n/,
	);
	assert.throws(() => explain(world, { session: "aa" }, false), /no session has an id that begins with aa/);
});

test("a store that is not there is told, and is no trouble for completion", async (t) => {
	const world = await commandWorld(t);
	assert.throws(() => [...showSessions(world, {}, false, 0)], /does not exist/);
	assert.deepEqual(recentSessionIds(world, ""), []);
});

test("the numbers of counters stand one below the other, however long their names are", async (t) => {
	const world = await commandWorld(t);
	const ends = (text: string) =>
		new Set([...text.matchAll(/^ {2}\S.*? {2,}\d+(?= {2}|$)/gm)].map(([{ length }]) => length));
	assert.equal(ends(showCounters(world, false)).size, 1);
	assert.equal(ends(showStatistics(world, false).replace(/^ {4}/gm, "  - ")).size, 1);
});

test("statistics begin anew when they are cleared, counters do not", async (t) => {
	const world = await commandWorld(t);
	world.gateway.totals.add("sessions_opened", 7);
	world.gateway.totals.add("sessions_active", 2);
	assert.match(
		showStatistics(world, false),
		/since the gateway started.*\n {2}Sessions opened +7\n {2}Sessions active +2\n/,
	);
	clearStatistics(world);
	world.gateway.totals.add("sessions_opened", 1);
	assert.match(showStatistics(world, false), /since cleared.*\n {2}Sessions opened +1\n {2}Sessions active +2\n/);
	assert.equal(JSON.parse(showStatistics(world, true)).sessions_opened, 1);
	assert.match(showCounters(world, false), /sessions_opened +8 {2}Connections accepted\./);
	assert.equal(JSON.parse(showCounters(world, true)).sessions_opened, 8);
	assert.equal(showCounters(world, false).split("\n").length - 1, Object.keys(counterTable).length);
});

test("the status names listeners, workers and how full they are", async (t) => {
	const world = await commandWorld(t);
	world.gateway.workers.push({
		number: 2,
		processId: undefined,
		isListening: false,
		startedAt: 0,
		restarts: 4,
		counters: {},
	});
	const text = showStatus(world);
	assert.match(
		text,
		/Listeners:\n {2}Name {3}Kind {12}Listens at {6}Server\n {2}local {2}explicit-proxy {2}127\.0\.0\.1:8080 {2}the one that each client asks for\n/,
	);
	assert.match(
		text,
		new RegExp(`\\n {2}1 +${process.pid} +listening +0 +3 +20000\\n {2}2 +- +starting +4 +0 +20000\\n`),
	);
	assert.match(text, /Policies: 1, then deny\n$/);
});
