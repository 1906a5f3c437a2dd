import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { StoreReply, StoreRequest, StoreSettings, StoreTiming } from "#telemetry/event-store-message.ts";
import { querySessions } from "#telemetry/session-reader-shell.ts";
import { sessionRow } from "#telemetry/session-row.ts";
import { recordedAt, sessionRecord } from "../../test/support/session-records.ts";

const timing: StoreTiming = {
	flushMs: 10,
	retryMs: 10,
	longestRetryMs: 100,
	firstRetentionMs: 60_000,
	retentionMs: 60_000,
	retentionReportMs: 0,
	closeMs: 1_000,
};

let directory = "";
let file = "";
let worker: Worker | undefined;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "sallyport-worker-"));
	file = join(directory, "events.sqlite");
});
afterEach(async () => {
	await worker?.terminate();
	rmSync(directory, { recursive: true });
});

/** Starts the worker and answers a way to ask it and to wait for its next reply of a kind. */
function start(settings: Partial<StoreSettings> = {}) {
	const running = new Worker(new URL("./event-store-worker-shell.ts", import.meta.url), {
		workerData: { file, retentionDays: 30, maxSizeMib: 100, timing, ...settings },
	});
	worker = running;
	const replies: StoreReply[] = [];
	const exit = once(running, "exit");
	running.on("message", (reply: StoreReply) => replies.push(reply));
	return {
		ask: (request: StoreRequest) => running.postMessage(request),
		append: (token: string, count = 1) => {
			const rows = Array.from({ length: count }, () => sessionRow(sessionRecord({ fact: token })));
			running.postMessage({ kind: "append", token, rows });
		},
		reply: async <Kind extends StoreReply["kind"]>(kind: Kind) => {
			for (;;) {
				const at = replies.findIndex((reply) => reply.kind === kind);
				if (at !== -1) return replies.splice(at, 1)[0] as Extract<StoreReply, { kind: Kind }>;
				await once(running, "message", { signal: AbortSignal.timeout(10_000) });
			}
		},
		exit,
	};
}

test("it writes what it is given, answers with the token, and ends when told to close", async () => {
	const store = start();
	store.append("first", 3);
	const written = await store.reply("written");
	assert.deepEqual([written.token, written.sessions, written.events], ["first", 3, 0]);
	assert.ok(written.usedOctets > 0);
	store.ask({ kind: "close" });
	await store.reply("closed");
	await store.exit;
	assert.deepEqual(readdirSync(directory), ["events.sqlite"], "the journal was written into the file");
	assert.equal(querySessions(file, {}, 10).length, 3);
});

test("a file that cannot be opened is reported for each batch and tried again with the next", async () => {
	writeFileSync(join(directory, "plain"), "");
	const store = start({ file: join(directory, "plain", "events.sqlite") });
	store.append("a");
	const failed = await store.reply("failed");
	assert.deepEqual([failed.token, failed.isFull], ["a", false]);
	assert.match(failed.reason, /ENOTDIR|EEXIST/);
	rmSync(join(directory, "plain"));
	store.append("a");
	assert.equal((await store.reply("written")).token, "a");
});

test("a file that is damaged while in use is moved aside and the batch goes to a fresh one", async () => {
	const store = start();
	for (let batch = 0; batch < 6; batch++) store.append(`before-${batch}`, 1_000);
	for (let batch = 0; batch < 6; batch++) await store.reply("written");
	const other = new DatabaseSync(file, { timeout: 1_000 });
	other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
	const octets = other.prepare("SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size").get()?.n;
	other.close();
	writeFileSync(file, Buffer.alloc(Number(octets), 0x5a), { flag: "r+" });
	store.append("after", 500);
	const moved = await store.reply("moved-aside");
	assert.match(moved.reason, /damaged/);
	assert.equal((await store.reply("written")).sessions, 500);
	assert.equal(querySessions(file, {}, 1_000).length, 500);
	assert.ok(readdirSync(directory).some((name) => name.includes(".broken-")));
});

test("a file that is deleted under it is made again, and said to be", async () => {
	const store = start();
	store.append("a");
	await store.reply("written");
	for (const name of readdirSync(directory)) rmSync(join(directory, name));
	store.append("b");
	await store.reply("disappeared");
	await store.reply("written");
	assert.deepEqual(
		querySessions(file, {}, 10).map(({ fact }) => fact),
		["b"],
	);
});

test("retention runs by itself and reports what it removed and why", async () => {
	const store = start({ retentionDays: 1, timing: { ...timing, firstRetentionMs: 300, retentionMs: 50 } });
	const old = sessionRow(sessionRecord({ startedAt: recordedAt - 1, endedAt: 1_000 }));
	const fresh = sessionRow(sessionRecord({ endedAt: Date.now() }));
	store.ask({ kind: "append", token: "a", rows: [old, old, fresh] });
	const { sessions, events, reason } = await store.reply("retained");
	assert.deepEqual({ sessions, events, reason }, { sessions: 2, events: 0, reason: "older than 1 days" });
	assert.equal(querySessions(file, {}, 10).length, 1);
});

test("what retention removed since its last report is reported at the close", async () => {
	const store = start({
		retentionDays: 1,
		timing: { ...timing, firstRetentionMs: 20, retentionMs: 20, retentionReportMs: 3_600_000 },
	});
	const old = sessionRow(sessionRecord({ endedAt: 1_000 }));
	store.ask({ kind: "append", token: "a", rows: [old] });
	await store.reply("written");
	await store.reply("retained");
	store.ask({ kind: "append", token: "b", rows: [old, old] });
	await store.reply("written");
	while (querySessions(file, {}, 10).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
	store.ask({ kind: "close" });
	assert.equal((await store.reply("retained")).sessions, 2);
});
