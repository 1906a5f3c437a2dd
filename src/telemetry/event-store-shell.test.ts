import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { Counters } from "#telemetry/counters.ts";
import { type EventStore, type EventStoreOptions, openEventStore } from "#telemetry/event-store-shell.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import { querySessions, SessionReader } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { sessionRecord } from "../../test/support/session-records.ts";

const timing = { flushMs: 10, retryMs: 30, longestRetryMs: 100 };

let directory = "";
let file = "";
let opened: EventStore[] = [];
let events: GatewayEvent[] = [];
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "sallyport-store-"));
	file = join(directory, "events.sqlite");
	opened = [];
	events = [];
});
afterEach(async () => {
	for (const store of opened) await store.close();
	rmSync(directory, { recursive: true });
});

function open(options: Partial<EventStoreOptions> = {}): EventStore {
	const store = openEventStore({
		file,
		retentionDays: 30,
		maxSizeMib: 100,
		timing,
		onEvent: (event) => events.push(event),
		...options,
	});
	opened.push(store);
	return store;
}

async function until(condition: () => boolean, what: string): Promise<void> {
	for (let round = 0; round < 1_000; round++) {
		if (condition()) return;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	assert.fail(`waited 10 s for: ${what}`);
}

const numbered = (count: number, from = 0): SessionRecord[] =>
	Array.from({ length: count }, (_, index) =>
		sessionRecord({ id: (from + index).toString(16).padStart(16, "0"), endedAt: Date.now() }),
	);
const started = gatewayEvent("WORKER_STARTED", Date.now(), { worker: 1, processId: 2 });
const named = (id: string) => events.filter((event) => event.id === id);

function storedEvents(): readonly GatewayEvent[] {
	const reader = new SessionReader(file);
	const found = reader.newestEvents(1_000);
	reader.close();
	return found;
}

test("records and events are in the file a moment later, in order, and readable meanwhile", async () => {
	const counters = new Counters();
	const store = open({ counters });
	store.appendSessions(numbered(3));
	store.appendEvents([started]);
	assert.equal(store.stats().queued, 4);
	await until(() => store.stats().queued === 0, "the queue to be written");
	assert.deepEqual(
		querySessions(file, {}, 10).map(({ id }) => Number.parseInt(id, 16)),
		[0, 1, 2],
	);
	assert.deepEqual(storedEvents(), [started]);
	const { sessionsStored, eventsStored, dropped, isWritable } = store.stats();
	assert.deepEqual(
		{ sessionsStored, eventsStored, dropped, isWritable },
		{ sessionsStored: 3, eventsStored: 1, dropped: 0, isWritable: true },
	);
	assert.deepEqual([counters.get("sessions_stored"), counters.get("events_stored")], [3, 1]);
	assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("closing writes what is queued; closing twice is the same closing", async () => {
	const store = open({ timing: { ...timing, flushMs: 60_000 } });
	store.appendSessions(numbered(5_000));
	await Promise.all([store.close(), store.close()]);
	assert.equal(store.stats().queued, 0);
	assert.equal(querySessions(file, {}, 10_000).length, 5_000);
	assert.deepEqual(events, []);
});

test("what comes after closing is dropped, counted and said", async () => {
	const store = open();
	await store.close();
	store.appendSessions(numbered(1));
	assert.equal(store.stats().dropped, 1);
	assert.match(JSON.stringify(named("RECORDS_DROPPED")), /"count":1,"reason":"the store is closed"/);
});

test("K9: a full queue drops what comes, counts it, and the report of it is stored", async () => {
	const counters = new Counters();
	const store = open({ queueCapacity: 10, counters });
	store.appendSessions(numbered(25));
	await until(() => store.stats().queued === 0, "the queue to be written");
	assert.equal(querySessions(file, {}, 100).length, 10);
	assert.equal(store.stats().dropped, 15);
	assert.equal(counters.get("records_dropped"), 15);
	assert.equal(storedEvents()[0]?.id, "RECORDS_DROPPED");
	await store.close();
	const counts = named("RECORDS_DROPPED").map((event) => (event as GatewayEvent<"RECORDS_DROPPED">).fields.count);
	assert.equal(
		counts.reduce((sum, count) => sum + count, 0),
		15,
		"the reports add up",
	);
});

test("a record that cannot be encoded is dropped alone", async () => {
	const store = open();
	const broken = { ...sessionRecord(), octetsToClient: 1n as unknown as number };
	store.appendSessions([broken, undefined as unknown as SessionRecord, ...numbered(2)]);
	await store.close();
	assert.equal(store.stats().dropped, 2);
	assert.equal(querySessions(file, {}, 10).length, 2);
	assert.match(JSON.stringify(named("RECORDS_DROPPED")), /cannot be encoded/);
});

test("K9: a store that cannot be written is reported once, keeps what comes, and goes on when it can", async () => {
	writeFileSync(join(directory, "state"), "in the way");
	file = join(directory, "state", "events.sqlite");
	const counters = new Counters();
	const store = open({ counters });
	store.appendSessions(numbered(5));
	await until(() => store.stats().failures >= 3, "several failures");
	assert.equal(named("STORE_UNWRITABLE").length, 1);
	assert.equal(store.stats().isWritable, false);
	store.appendSessions(numbered(5, 5));
	rmSync(join(directory, "state"));
	await until(() => store.stats().isWritable, "the store to recover");
	await store.close();
	assert.equal(querySessions(file, {}, 100).length, 10);
	assert.deepEqual(
		storedEvents().map(({ id }) => id),
		["STORE_UNWRITABLE", "STORE_WRITABLE_AGAIN"],
	);
	assert.equal(counters.get("store_failures"), store.stats().failures);
});

test("closing during an outage ends at once and says how much is lost", async () => {
	writeFileSync(join(directory, "state"), "in the way");
	file = join(directory, "state", "events.sqlite");
	const store = open();
	store.appendSessions(numbered(7));
	await until(() => !store.stats().isWritable, "the failure");
	await store.close();
	// Seven records and the event that said that the store cannot be written.
	assert.match(JSON.stringify(named("RECORDS_DROPPED")), /"count":8,"reason":"the store was closed before/);
});

test("a broken file is moved aside with an event, and records go on", async () => {
	writeFileSync(file, "broken ".repeat(1_000));
	const store = open();
	store.appendSessions(numbered(2));
	await store.close();
	assert.equal(querySessions(file, {}, 10).length, 2);
	const [event] = named("STORE_MOVED_ASIDE") as GatewayEvent<"STORE_MOVED_ASIDE">[];
	assert.equal(statSync(event?.fields.to ?? "").size, 7_000);
});

test("a worker thread that dies is replaced, and its batch is written once", async () => {
	const workers: Worker[] = [];
	const onWorker = (message: unknown) => workers.push((message as { worker: Worker }).worker);
	channel("worker_threads").subscribe(onWorker);
	try {
		const store = open();
		store.appendSessions(numbered(1));
		await until(() => store.stats().sessionsStored === 1, "the first record");
		store.appendSessions(numbered(2_000, 1)); // a full batch leaves at once
		await workers[0]?.terminate();
		await until(() => store.stats().sessionsStored === 2_001, "the rest");
		assert.equal(workers.length, 2);
		assert.equal(querySessions(file, {}, 10_000).length, 2_001);
		assert.match(JSON.stringify(named("STORE_UNWRITABLE")), /its thread ended/);
	} finally {
		channel("worker_threads").unsubscribe(onWorker);
	}
});

/** Runs a script that has `openEventStore`, `sessionRecord` and `file`; what it prints is the answer. */
function child(script: string, before = ""): ChildProcess {
	const store = import.meta.resolve("#telemetry/event-store-shell.ts");
	const samples = new URL("../../test/support/session-records.ts", import.meta.url).href;
	const source = `
		import { openEventStore } from ${JSON.stringify(store)};
		import { sessionRecord } from ${JSON.stringify(samples)};
		const file = ${JSON.stringify(file)};
		const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
		${script}`;
	const program = join(directory, "program.mjs");
	writeFileSync(program, source);
	const args = ["--disable-warning=ExperimentalWarning", program];
	const command = `${before}exec "$0" "$@"`;
	return spawn("/bin/sh", ["-c", command, process.execPath, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

test("kill -9 loses at most the last moment, and the next start goes on with the same file", async () => {
	const writer = child(`
		const store = openEventStore({ file, retentionDays: 30, maxSizeMib: 100 });
		for (let n = 0; ; n++) {
			const now = Date.now();
			store.appendSessions([sessionRecord({ id: n.toString(16).padStart(16, "0"), startedAt: now, endedAt: now })]);
			if (n % 50 === 0) process.stdout.write(n + " " + now + "\\n");
			await sleep(1);
		}`);
	let printed = "";
	writer.stdout?.on("data", (chunk) => {
		printed += chunk;
	});
	const first = () => Number(/^\d+ (\d+)\n/.exec(printed)?.[1] ?? Number.POSITIVE_INFINITY);
	await until(() => Date.now() - first() > 3_000, "three seconds of records");
	writer.kill("SIGKILL");
	const killedAt = Date.now();
	await once(writer, "exit");

	const found = querySessions(file, {}, 1_000_000);
	assert.deepEqual(
		found.map(({ id }) => Number.parseInt(id, 16)),
		Array.from({ length: found.length }, (_, index) => index),
		"no gap",
	);
	const lines = printed.trimEnd().split("\n");
	const due = lines.map((line) => line.split(" ").map(Number)).filter(([, at = 0]) => at < killedAt - 2_000);
	assert.ok(due.length > 1);
	assert.ok(found.length > Number(due.at(-1)?.[0]), "all but the last moment is there");

	const store = open();
	store.appendSessions(numbered(1));
	await store.close();
	assert.deepEqual(events, [], "the file was sound");
	assert.equal(querySessions(file, {}, 1_000_000).length, found.length + 1);
	const database = new DatabaseSync(file, { readOnly: true });
	assert.equal(Object.values(database.prepare("PRAGMA integrity_check").get() ?? {})[0], "ok");
	database.close();
});

test("K9: a disk that takes no more raises an alert and a count, and the process runs on", async () => {
	// A limit on the size of files stands for the full disk: writes beyond 1 MiB fail.
	const writer = child(
		`
		const events = [];
		const store = openEventStore({ file, retentionDays: 30, maxSizeMib: 100, queueCapacity: 1000,
			timing: { flushMs: 10, retryMs: 50, longestRetryMs: 100 }, onEvent: (event) => events.push(event.id) });
		for (let n = 0; store.stats().failures < 3 || store.stats().dropped === 0; n++) {
			store.appendSessions(Array.from({ length: 100 }, () => sessionRecord()));
			await sleep(5);
		}
		const { sessionsStored, isWritable } = store.stats();
		await store.close();
		console.log(JSON.stringify({ events, sessionsStored, isWritable }));`,
		"ulimit -f 2048; ",
	);
	const [answer] = await Promise.all([text(writer.stdout as NodeJS.ReadableStream), once(writer, "exit")]);
	const { events: reported, sessionsStored, isWritable } = JSON.parse(answer);
	assert.equal(isWritable, false);
	assert.ok(sessionsStored > 0);
	assert.ok(reported.includes("STORE_FULL") || reported.includes("STORE_UNWRITABLE"), String(reported));
	assert.ok(reported.includes("RECORDS_DROPPED"));
	assert.equal(querySessions(file, {}, 1_000_000).length, sessionsStored, "what was said to be stored is stored");
});

test("a reader in the same moment as many writes sees whole batches and disturbs none", async () => {
	const store = open();
	const reader = child(`
		import { DatabaseSync } from "node:sqlite";
		const seen = new Set();
		for (let round = 0; round < 200 || seen.size <= 5; round++) {
			try {
				const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
				seen.add(database.prepare("SELECT count(*) AS n FROM sessions").get().n);
				database.close();
			} catch (error) {
				if (!/unable to open|no such table/.test(error.message)) throw error;
			}
			await sleep(5);
		}
		console.log(JSON.stringify([...seen]));`);
	const answer = text(reader.stdout as NodeJS.ReadableStream);
	const exit = once(reader, "exit");
	for (let batch = 0; reader.exitCode === null; batch++) {
		store.appendSessions(numbered(10, batch * 10));
		await new Promise((resolve) => setTimeout(resolve, 4));
	}
	assert.deepEqual(await exit, [0, null]);
	const counts: number[] = JSON.parse(await answer);
	assert.ok(counts.length > 5, "it saw the store grow");
	assert.ok(counts.every((count) => count % 10 === 0));
	await store.close();
	assert.deepEqual(events, []);
	assert.equal(store.stats().failures, 0);
});
