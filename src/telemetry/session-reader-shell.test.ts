import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, beforeEach, test } from "node:test";
import fc from "fast-check";
import { parsePrefix } from "#base/address.ts";
import { openEventDatabase } from "#telemetry/event-database-shell.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { matchesSession, type SessionFilter } from "#telemetry/session-filter.ts";
import { querySessions, SessionReader, StoreUnreadableError } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventRow, sessionRow } from "#telemetry/session-row.ts";
import { arbitraryRecord, hostileText, recordedAt, sessionRecord } from "../../test/support/session-records.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-reader-"));
let file = "";
let names = 0;
beforeEach(() => {
	file = join(directory, `case-${++names}.sqlite`);
});
after(() => rmSync(directory, { recursive: true }));

function store(records: readonly SessionRecord[]): void {
	const { database } = openEventDatabase(file, recordedAt);
	database.append(`batch-${++names}`, records.map(sessionRow));
	database.close();
}

const numbered = (count: number, changes: Partial<SessionRecord> = {}) =>
	Array.from({ length: count }, (_, index) => sessionRecord({ ...changes, id: index.toString(16).padStart(16, "0") }));

const arbitraryFilter: fc.Arbitrary<SessionFilter> = fc.record(
	{
		client: fc
			.constantFrom("10.1.0.0/16", "10.1.4.7", "0.0.0.0/0", "::/0", "2001:db8::/33", "fe80::/10", "10.0.0.0/7")
			.map((text) => parsePrefix(text) ?? assert.fail(text)),
		host: fc.constantFrom("example.com", "*.example.com", "*.b.example.com", "*.com", "192.0.2.1", "2001:db8::1"),
		decision: fc.constantFrom("decrypt", "bypass", "block", "none"),
		rule: fc.constantFrom("default", "legacy"),
		hasFindings: fc.constant(true),
		fault: fc.constantFrom("any", "SERVER_UNREACHABLE"),
		since: fc.integer({ min: recordedAt - 110, max: recordedAt + 110 }),
		until: fc.integer({ min: recordedAt - 110, max: recordedAt + 110 }),
		text: fc.oneof(fc.constantFrom("example", "block", "%", "_", "^", "k", '"', "\\", "31m"), hostileText),
	},
	{ requiredKeys: [] },
);

test("the store finds exactly the records that the filter accepts, whatever is in them", () => {
	const stored = fc.sample(arbitraryRecord, 400);
	store(stored);
	const reader = new SessionReader(file);
	let found = 0;
	fc.assert(
		fc.property(arbitraryFilter, (filter) => {
			const expected = stored.filter((record) => matchesSession(filter, record)).map(({ id }) => id);
			const sessions = reader.newest(filter, 1_000);
			assert.deepEqual(
				sessions.map(({ record }) => record.id),
				expected,
			);
			found += expected.length;
		}),
		{ numRuns: 300 },
	);
	assert.ok(found > 0);
	reader.close();
});

test("a hostile record comes back as it was", () => {
	const records = fc.sample(arbitraryRecord, 50);
	store(records);
	assert.deepEqual(
		querySessions(file, {}, 50),
		records.map((record) => JSON.parse(JSON.stringify(record))),
	);
});

test("the newest records are given, newest last, over more than one page", () => {
	store(numbered(1_300));
	const ids = querySessions(file, {}, 1_200).map(({ id }) => Number.parseInt(id, 16));
	assert.deepEqual(
		ids,
		Array.from({ length: 1_200 }, (_, index) => index + 100),
	);
	assert.equal(querySessions(file, {}, 5_000).length, 1_300);
});

test("reading on from a place gives every record once, in order", () => {
	store(numbered(1_100));
	const reader = new SessionReader(file);
	const seen: string[] = [];
	let place = 0;
	for (let isLast = false; !isLast; ) {
		const page = reader.after(place, {});
		seen.push(...page.sessions.map(({ record }) => record.id));
		({ next: place, isLast } = page);
	}
	assert.deepEqual(
		seen,
		numbered(1_100).map(({ id }) => id),
	);
	assert.equal(place, reader.lastRow());
	assert.deepEqual(reader.after(place, {}), { sessions: [], next: place, isLast: true });
	reader.close();
});

test("a rare match is found behind pages of others, and the place moves on past what does not match", () => {
	store([sessionRecord({ fact: "needle \\ here" }), ...numbered(1_200)]);
	assert.equal(querySessions(file, { text: "needle \\" }, 1).length, 1);
	const reader = new SessionReader(file);
	const page = reader.after(0, { text: "nothing \\ such" });
	assert.deepEqual([page.sessions.length, page.next, page.isLast], [0, 500, false]);
	reader.close();
});

test("ids are found by their first digits", () => {
	store(numbered(300));
	const reader = new SessionReader(file);
	assert.equal(reader.byId("00000000000000", 1_000).length, 256);
	assert.deepEqual(
		reader.byId("000000000000012", 2).map(({ id }) => id),
		["000000000000012a", "000000000000012b"],
	);
	assert.deepEqual(reader.byId("f", 10), []);
	assert.deepEqual(reader.recentIds(1), ["000000000000012b"]);
	reader.close();
});

test("R297 K8: an issuance is found by the fingerprint of the leaf", () => {
	const issued = gatewayEvent("CERTIFICATE_ISSUED", recordedAt, {
		names: ["shop.example"],
		serial: "01",
		leafSha256: "aa",
		originSha256: "bb",
		ca: "inspection",
		caSha256: "cc",
		notAfter: recordedAt,
		worker: 1,
		session: "5e55101234567890",
	});
	const { database } = openEventDatabase(file, recordedAt);
	database.append("a", [
		eventRow(issued),
		eventRow(gatewayEvent("CA_EXPIRED", 1, { ca: "x", sha256: "aa", notAfter: 1 })),
	]);
	database.close();
	const reader = new SessionReader(file);
	assert.deepEqual(reader.eventByKey("CERTIFICATE_ISSUED", "aa"), issued);
	assert.equal(reader.eventByKey("CERTIFICATE_ISSUED", "bb"), undefined);
	assert.equal(reader.newestEvents(5).length, 2);
	reader.close();
});

test("a reader sees what the writer adds while both are open, and does not hold the writer up", () => {
	const { database } = openEventDatabase(file, recordedAt);
	const reader = new SessionReader(file);
	for (let round = 1; round <= 5; round++) {
		database.append(`round-${round}`, [sessionRow(sessionRecord())]);
		assert.equal(reader.newest({}, 100).length, round);
	}
	database.close();
	assert.equal(reader.newest({}, 100).length, 5);
	reader.close();
	assert.equal(querySessions(file, {}, 100).length, 5);
});

test("a file that is missing, foreign, damaged or of another format is said to be", () => {
	const failure = (): StoreUnreadableError => {
		try {
			querySessions(file, {}, 1);
		} catch (error) {
			if (error instanceof StoreUnreadableError) return error;
			throw error;
		}
		return assert.fail("it was read");
	};
	assert.deepEqual([failure().isMissing, failure().message], [true, `event store ${file} does not exist`]);
	writeFileSync(file, "text, not a database\n".repeat(50));
	assert.match(failure().message, /cannot be read: file is not a database/);
	rmSync(file);
	const foreign = new DatabaseSync(file);
	foreign.exec("CREATE TABLE t (a)");
	foreign.close();
	assert.match(failure().message, /is not an event store of this program/);
	rmSync(file);
	store(numbered(1));
	const newer = new DatabaseSync(file);
	newer.exec("PRAGMA user_version = 7");
	newer.close();
	assert.match(failure().message, /has format 7, expected 2/);
});

test("a reader notices that another file took the place of its own", () => {
	store(numbered(1));
	const reader = new SessionReader(file);
	assert.equal(reader.isInPlace(), true);
	rmSync(file);
	store(numbered(2));
	assert.equal(reader.isInPlace(), false);
	reader.close();
});

test("R297 K8: issuances are found by any of their names, the server certificate and the serial, in either case", () => {
	const issue = (names: readonly string[], origin: string, serial: string) =>
		eventRow(
			gatewayEvent("CERTIFICATE_ISSUED", recordedAt, {
				names,
				serial,
				leafSha256: `leaf ${serial}`,
				originSha256: origin,
				ca: "inspection",
				caSha256: "cc",
				notAfter: recordedAt,
				worker: 1,
				session: "5e55101234567890",
			}),
		);
	const { database } = openEventDatabase(file, recordedAt);
	database.append("a", [
		issue(["shop.example", "*.shop.example"], "bb", "0A"),
		issue(["pay.example", "shop.example"], "dd", "0B"),
		eventRow(gatewayEvent("CA_EXPIRED", 1, { ca: "shop.example", sha256: "bb", notAfter: 1 })),
	]);
	const reader = new SessionReader(file);
	const serials = (tags: readonly string[], limit = 10) =>
		reader.eventsOf("CERTIFICATE_ISSUED", tags, limit).map(({ fields }) => (fields as { serial: string }).serial);
	assert.deepEqual(serials([]), ["0A", "0B"]);
	assert.deepEqual(serials([], 1), ["0B"]);
	assert.deepEqual(serials(["SHOP.example"]), ["0A", "0B"]);
	assert.deepEqual(serials(["*.shop.example"]), ["0A"]);
	assert.deepEqual(serials(["shop.example", "dd"]), ["0B"]);
	assert.deepEqual(serials(["0a"]), ["0A"]);
	assert.deepEqual(serials(["op.example"]), []);
	database.retentionStep({ retentionDays: 1, maxSizeMib: 100 }, recordedAt + 2 * 86_400_000);
	assert.deepEqual(serials(["shop.example"]), []);
	database.close();
	reader.close();
});
