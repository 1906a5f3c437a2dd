import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrefix } from "#base/address.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import {
	boundRecord,
	eventColumns,
	eventRow,
	sessionColumns,
	sessionCondition,
	sessionRow,
} from "#telemetry/session-row.ts";
import { sessionRecord, without } from "../../test/support/session-records.ts";

const column = (record: SessionRecord, name: string) => sessionRow(record).columns[sessionColumns.indexOf(name)];

test("a record becomes the columns it is found by, and itself as JSON", () => {
	const record = sessionRecord({ server: { host: "A.Shop.Example.", port: 443 }, startedAt: 1.7 });
	assert.equal(sessionRow(record).columns.length, sessionColumns.length);
	assert.equal(column(record, "host"), "example.shop.a");
	assert.equal(column(record, "sni"), "example.shop");
	assert.equal(column(sessionRecord(), "sni"), null, "the same name is not kept twice");
	assert.equal(column(record, "started_at"), 1);
	assert.equal(column(record, "has_findings"), 0);
	assert.equal(column(record, "has_fault"), 0);
	assert.equal(column(record, "fault"), null);
	assert.deepEqual(JSON.parse(String(column(record, "record"))), record);
});

test("addresses of both families sort in ranges of their prefixes", () => {
	const key = (address: string) => column(sessionRecord({ client: { address, port: 1 } }), "client");
	assert.deepEqual(key("10.1.4.7"), Uint8Array.of(4, 10, 1, 4, 7));
	assert.deepEqual(key("nonsense"), new Uint8Array(0));
	const { parameters } = sessionCondition({ client: parsePrefix("10.1.0.0/18") ?? assert.fail() });
	assert.deepEqual(parameters, [Uint8Array.of(4, 10, 1, 0, 0), Uint8Array.of(4, 10, 1, 63, 255)]);
});

test("a time that is no number does not keep a record from being stored", () => {
	assert.equal(column(sessionRecord({ endedAt: Number.NaN }), "ended_at"), 0);
});

test("the values of a filter are parameters, never part of the statement", () => {
	const { sql, parameters } = sessionCondition({ rule: "'; DROP TABLE sessions; --", text: "50%_^" });
	assert.doesNotMatch(sql, /DROP/);
	assert.deepEqual(parameters, ["'; DROP TABLE sessions; --", "%50^%^_^^%"]);
	assert.deepEqual(sessionCondition({}), { sql: "TRUE", parameters: [] });
});

test("a text that JSON writes differently is left to the exact comparison", () => {
	for (const text of ['"', "\\", "\n", "\ud800"]) assert.equal(sessionCondition({ text }).sql, "TRUE");
});

test("a record that grew too large is stored with its texts and findings cut", () => {
	const finding = { service: "s", name: "n".repeat(5_000), where: "url", verdict: "block" } as const;
	const record = sessionRecord({ fact: "f".repeat(100_000), findings: Array(50).fill(finding) });
	const row = sessionRow(record);
	assert.ok(row.octets < 65_536);
	const stored = JSON.parse(String(column(record, "record"))) as SessionRecord;
	assert.deepEqual(stored, boundRecord(record));
	assert.equal(stored.findings.length, 32);
	assert.equal(stored.fact, `${"f".repeat(1_024)}...`);
	assert.equal(stored.id, record.id);
	assert.deepEqual(boundRecord(sessionRecord()), sessionRecord());
});

test("an event becomes its id, severity and key", () => {
	const event = gatewayEvent("CA_EXPIRED", 5, { ca: "inspection", sha256: "ab", notAfter: 4 });
	assert.deepEqual(eventRow(event).columns, ["CA_EXPIRED", 5, "alert", "ab", JSON.stringify(event)]);
	assert.equal(eventRow(event).columns.length, eventColumns.length);
	const died = gatewayEvent("WORKER_DIED", 5, { worker: 1, processId: 2, reason: "x" });
	assert.equal(eventRow(died).columns[3], null);
});

test("a record without a host is found by its SNI", () => {
	const record = without(sessionRecord({ server: { host: "", port: 443 } }), "fact");
	assert.equal(column(record, "host"), "");
	assert.equal(column(record, "sni"), "example.shop");
});
