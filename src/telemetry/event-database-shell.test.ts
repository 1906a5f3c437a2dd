import assert from "node:assert/strict";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, beforeEach, test } from "node:test";
import {
	type EventDatabase,
	openEventDatabase,
	replaceEventDatabase,
	troubleOf,
} from "#telemetry/event-database-shell.ts";
import { applicationId, migrations } from "#telemetry/event-store-schema.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { eventRow, sessionRow } from "#telemetry/session-row.ts";
import { recordedAt, sessionRecord } from "../../test/support/session-records.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-database-"));
const mark = `PRAGMA application_id = ${applicationId}`;
const dayMs = 86_400_000;
let file = "";
let names = 0;
beforeEach(() => {
	file = join(directory, `case-${++names}`, "events.sqlite");
});
after(() => rmSync(directory, { recursive: true }));

const session = (at: number, fact = "f") => sessionRow(sessionRecord({ startedAt: at, endedAt: at, fact }));
const event = (at: number) => eventRow(gatewayEvent("WORKER_STARTED", at, { worker: 1, processId: 2 }));

function counted(path = file): { sessions: number; events: number } {
	const database = new DatabaseSync(path, { readOnly: true });
	const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
	const both = { sessions: count("sessions"), events: count("events") };
	database.close();
	return both;
}

/** A store with rows in it, closed. */
function filled(rows = 300): void {
	const { database } = openEventDatabase(file, recordedAt);
	database.append(
		"filled",
		Array.from({ length: rows }, (_, index) => session(recordedAt + index)),
	);
	database.close();
}

function retainAll(
	database: EventDatabase,
	limits: { retentionDays: number; maxSizeMib: number },
	now: number,
): number {
	for (let steps = 1; steps < 1_000; steps++) if (database.retentionStep(limits, now, 50).isDone) return steps;
	return assert.fail("retention does not end");
}

test("K3: the file and its directory are for their owner alone, also when they were not", () => {
	filled();
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(statSync(join(file, "..")).mode & 0o777, 0o700);
	const open = join(directory, "open.sqlite");
	writeFileSync(open, "", { mode: 0o644 });
	const { database } = openEventDatabase(open, recordedAt);
	database.append("a", [event(1)]);
	for (const name of [open, `${open}-wal`, `${open}-shm`]) assert.equal(statSync(name).mode & 0o777, 0o600);
	database.close();
});

test("what was written is there after closing and opening again", () => {
	filled(3);
	const { database, movedAside } = openEventDatabase(file, recordedAt);
	assert.equal(movedAside, undefined);
	assert.deepEqual(database.append("more", [session(1), event(1)]), { sessions: 1, events: 1 });
	database.close();
	assert.deepEqual(counted(), { sessions: 4, events: 1 });
});

test("a batch that is sent again is not written again", () => {
	const { database } = openEventDatabase(file, recordedAt);
	const batch = [session(1), event(1)];
	assert.deepEqual(database.append("same", batch), { sessions: 1, events: 1 });
	assert.deepEqual(database.append("same", batch), { sessions: 1, events: 1 });
	database.close();
	assert.deepEqual(counted(), { sessions: 1, events: 1 });
});

test("a malformed row is left out and does not take its batch with it", () => {
	const { database } = openEventDatabase(file, recordedAt);
	const good = session(1);
	const wrongType = { ...good, columns: good.columns.map((value, index) => (index === 1 ? "soon" : value)) };
	const missing = { ...good, columns: good.columns.map((value, index) => (index === 0 ? null : value)) };
	const unbindable = { ...good, columns: good.columns.map((value, index) => (index === 7 ? ({} as string) : value)) };
	assert.deepEqual(database.append("mixed", [wrongType, good, missing, unbindable, event(1)]), {
		sessions: 1,
		events: 1,
	});
	database.close();
	assert.deepEqual(counted(), { sessions: 1, events: 1 });
});

test("a file of another kind is kept under another name and a fresh one made", () => {
	const cases: [string, () => void, RegExp][] = [
		["text", () => writeFileSync(file, "not a database\n".repeat(100)), /not a database/],
		["another program's database", () => makeDatabase("CREATE TABLE theirs (a)"), /not an event store/],
		[
			"a newer format",
			() => makeDatabase(`${mark}; CREATE TABLE a (b); PRAGMA user_version = 99`),
			/format 99; .* up to 2/,
		],
	];
	for (const [name, make, reason] of cases) {
		file = join(directory, name, "events.sqlite");
		mkdirSync(join(directory, name));
		make();
		const before = readFileSync(file);
		const { database, movedAside } = openEventDatabase(file, recordedAt);
		assert.equal(movedAside?.to, `${file}.broken-20261121T100000Z`, name);
		assert.match(movedAside.reason, reason, name);
		assert.deepEqual(readFileSync(movedAside.to), before, "nothing of it is lost");
		database.append("a", [session(1)]);
		database.close();
		assert.deepEqual(counted(), { sessions: 1, events: 0 }, name);
	}
});

test("a store whose tables were tampered with is kept under another name too", () => {
	filled();
	makeDatabase("DROP TABLE events");
	const { database, movedAside } = openEventDatabase(file, recordedAt);
	assert.match(movedAside?.reason ?? "", /tables are not those of its format/);
	assert.ok(statSync(movedAside?.to ?? "").size > 300_000);
	database.close();
});

test("an empty file whose journal is there is not taken for a new one", () => {
	mkdirSync(join(file, ".."));
	writeFileSync(file, "");
	writeFileSync(`${file}-wal`, "records");
	const { database, movedAside } = openEventDatabase(file, recordedAt);
	assert.equal(readFileSync(`${movedAside?.to}-wal`, "utf8"), "records");
	database.close();
});

test("a damaged or cut file is kept under another name and a fresh one made", () => {
	for (const damage of [
		() => writeFileSync(file, readFileSync(file).fill(0x5a, 20_000, 60_000)),
		() => truncateSync(file, 30_000),
		() => writeFileSync(file, readFileSync(file).fill(0, 0, 16)),
	]) {
		file = join(directory, `damaged-${++names}`, "events.sqlite");
		filled();
		damage();
		const { database, movedAside } = openEventDatabase(file, recordedAt);
		assert.match(movedAside?.reason ?? "", /damaged|not a database/);
		assert.deepEqual(database.append("a", [session(1)]), { sessions: 1, events: 0 });
		database.close();
	}
});

test("a second broken file of the same second gets a name of its own, with its journal", () => {
	filled();
	writeFileSync(file, "x".repeat(5_000));
	writeFileSync(`${file}-wal`, "journal");
	const first = openEventDatabase(file, recordedAt);
	assert.equal(readFileSync(`${first.movedAside?.to}-wal`, "utf8"), "journal");
	first.database.close();
	const second = replaceEventDatabase(file, recordedAt, "it failed in use");
	assert.equal(second.movedAside?.to, `${file}.broken-20261121T100000Z-2`);
	second.database.close();
});

test("broken files do not pile up without end", () => {
	filled();
	for (let index = 0; index < 8; index++) writeFileSync(`${file}.broken-${index}`, "");
	writeFileSync(file, "x".repeat(5_000));
	assert.throws(() => openEventDatabase(file, recordedAt), /8 damaged files .* remove them/);
	assert.equal(readFileSync(file, "utf8").length, 5_000);
});

test("a directory in the place of the file is refused and left alone", () => {
	mkdirSync(file, { recursive: true, mode: 0o755 });
	assert.throws(() => openEventDatabase(file, recordedAt), /is not a regular file/);
	assert.equal(statSync(file).mode & 0o777, 0o755);
});

test("a file of an older format is brought to the newer one, its records kept", () => {
	filled(3);
	const steps = [...migrations, "ALTER TABLE events ADD COLUMN note TEXT; CREATE TABLE more (a)"];
	const { database, movedAside } = openEventDatabase(file, recordedAt, steps);
	assert.equal(movedAside, undefined);
	database.append("a", [event(1)]);
	database.close();
	assert.deepEqual(counted(), { sessions: 3, events: 1 });
	assert.equal(userVersion(), 3);
});

test("R297 K8: issuances of a file of the first format are found by their names after it was brought to the newer one", () => {
	const facts = { serial: "0A", leafSha256: "aa", originSha256: "bb", ca: "ca", caSha256: "cc", notAfter: 1 };
	const issued = {
		id: "CERTIFICATE_ISSUED",
		at: recordedAt,
		fields: { names: ["Shop.example", "b.example"], ...facts },
	};
	mkdirSync(join(file, ".."), { recursive: true });
	const old = new DatabaseSync(file);
	old.exec(`${migrations[0]}; ${mark}; PRAGMA user_version = 1`);
	const insert = old.prepare("INSERT INTO events (id, at, severity, key, event) VALUES (?, ?, 'info', 'aa', ?)");
	insert.run(issued.id, issued.at, JSON.stringify(issued));
	insert.run("WORKER_STARTED", issued.at, JSON.stringify({ id: "WORKER_STARTED", at: 1, fields: { worker: 1 } }));
	old.close();
	openEventDatabase(file, recordedAt).database.close();
	const reopened = new DatabaseSync(file, { readOnly: true });
	const tags = reopened.prepare("SELECT tag FROM event_tags ORDER BY tag").all();
	reopened.close();
	assert.deepEqual(
		tags.map(({ tag }) => tag),
		["0a", "b.example", "bb", "shop.example"],
	);
});

test("a step that fails half way leaves the old format whole", () => {
	filled(3);
	const steps = [...migrations, "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1)"];
	assert.throws(() => openEventDatabase(file, recordedAt, steps));
	const kept = join(
		file,
		"..",
		readdirSync(join(file, "..")).find((name) => name.includes("broken")) ?? "events.sqlite",
	);
	assert.deepEqual(counted(kept), { sessions: 3, events: 0 });
});

test("retention by age removes what is older, in small steps", () => {
	const { database } = openEventDatabase(file, recordedAt);
	const rows = Array.from({ length: 120 }, (_, index) => [session(recordedAt + index), event(recordedAt + index)]);
	database.append("a", rows.flat());
	const limits = { retentionDays: 2, maxSizeMib: 100 };
	assert.deepEqual(database.retentionStep(limits, recordedAt + 2 * dayMs + 100, 50), {
		sessions: 50,
		events: 50,
		reason: "age",
		isDone: false,
	});
	retainAll(database, limits, recordedAt + 2 * dayMs + 100);
	database.close();
	assert.deepEqual(counted(), { sessions: 20, events: 20 });
});

test("retention by size removes the oldest of both kinds and gives the space back", () => {
	const { database } = openEventDatabase(file, recordedAt);
	const long = "x".repeat(8_000);
	for (let batch = 0; batch < 10; batch++) {
		const rows = Array.from({ length: 50 }, (_, index) => session(recordedAt + batch * 50 + index, long));
		database.append(`b${batch}`, [...rows, event(recordedAt + batch * 50)]);
	}
	assert.ok(database.usedOctets() > 4_000_000);
	const steps = retainAll(database, { retentionDays: 365, maxSizeMib: 2 }, recordedAt);
	assert.ok(steps > 4, "in several steps");
	assert.ok(database.usedOctets() <= 2 * 1_048_576);
	database.close();
	assert.ok(statSync(file).size <= 2.2 * 1_048_576);
	const left = counted();
	assert.ok(left.sessions > 100 && left.sessions < 260);
	const reader = new DatabaseSync(file, { readOnly: true });
	const oldest = Number(reader.prepare("SELECT min(ended_at) AS at FROM sessions").get()?.at);
	assert.equal(oldest, recordedAt + 500 - left.sessions, "the newest are those that stay");
	assert.equal(Number(reader.prepare("SELECT count(*) AS n FROM events WHERE at < ?").get(oldest)?.n), 0);
	reader.close();
});

test("retention has an end when the limit is smaller than an empty file", () => {
	const { database } = openEventDatabase(file, recordedAt);
	database.append("a", [session(1), event(1)]);
	retainAll(database, { retentionDays: 365_000, maxSizeMib: 0 }, recordedAt);
	database.close();
	assert.deepEqual(counted(), { sessions: 0, events: 0 });
});

test("a file that was removed or replaced under it is noticed", () => {
	const { database } = openEventDatabase(file, recordedAt);
	assert.equal(database.isInPlace(), true);
	rmSync(file);
	assert.equal(database.isInPlace(), false);
	writeFileSync(file, "");
	assert.equal(database.isInPlace(), false);
	database.close();
	assert.ok(existsSync(file));
});

test("K9: errors of the database are told apart", () => {
	const small = new DatabaseSync(join(directory, "small.sqlite"));
	small.exec("CREATE TABLE t (a); PRAGMA max_page_count = 3");
	const full = thrownBy(() => small.exec("INSERT INTO t VALUES (zeroblob(100000))"));
	small.close();
	assert.equal(troubleOf(full), "full");
	const readOnly = new DatabaseSync(join(directory, "small.sqlite"), { readOnly: true });
	const refused = thrownBy(() => readOnly.exec("DELETE FROM t"));
	readOnly.close();
	assert.equal(troubleOf(refused), "unwritable");
	assert.equal(troubleOf(new Error("EACCES")), "unwritable");
	assert.equal(troubleOf(new TypeError("cannot be bound")), "bad-row");
	assert.equal(troubleOf("nothing"), "unwritable");
});

function makeDatabase(sql: string): void {
	const database = new DatabaseSync(file);
	database.exec(sql);
	database.close();
}

function userVersion(): unknown {
	const database = new DatabaseSync(file, { readOnly: true });
	const version = database.prepare("PRAGMA user_version").get()?.user_version;
	database.close();
	return version;
}

function thrownBy(work: () => void): unknown {
	try {
		work();
	} catch (error) {
		return error;
	}
	return assert.fail("did not throw");
}
