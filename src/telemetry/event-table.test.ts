import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	counterTable,
	type EventId,
	eventKey,
	eventTable,
	eventTags,
	formatEvent,
	gatewayEvent,
	severityOf,
} from "#telemetry/event-table.ts";
import { hostileText } from "../../test/support/session-records.ts";

const issued = gatewayEvent("CERTIFICATE_ISSUED", 0, {
	names: ["shop.example", "www.shop.example"],
	serial: "0102",
	leafSha256: "aa",
	originSha256: "bb",
	ca: "inspection",
	caSha256: "cc",
	notAfter: Date.UTC(2026, 10, 28),
	worker: 1,
	session: "5e55101234567890",
});

test("every field of an event stands in its text or is its key, and every placeholder is a field", () => {
	for (const [id, row] of Object.entries(eventTable)) {
		const placeholders = [...row.text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
		for (const name of placeholders) assert.ok(name in row.fields, `${id}: {${name}} is not a field`);
		for (const name of Object.keys(row.fields)) assert.ok(placeholders.includes(name), `${id}: ${name} is not said`);
		if (row.key !== undefined) assert.equal(row.fields[row.key], "text", `${id}: its key is a text field`);
	}
});

test("an event is found by its tags: every text of the fields that its row names, in lower case, each once", () => {
	const twice = { ...issued.fields, names: ["Shop.example", "shop.example"], serial: "0A" };
	assert.deepEqual(eventTags({ id: issued.id, fields: twice }), ["shop.example", "bb", "0a"]);
	assert.deepEqual(eventTags(gatewayEvent("WORKER_STARTED", 0, { worker: 1, processId: 2 })), []);
	assert.deepEqual(eventTags({ id: "CERTIFICATE_ISSUED", fields: { names: [7], serial: undefined } }), []);
	assert.deepEqual(eventTags({ id: "FROM_ELSEWHERE", fields: { names: ["a"] } }), []);
	for (const { tags = [], fields } of Object.values(eventTable))
		for (const tag of tags) assert.match(fields[tag] ?? "", /^texts?$/);
});

test("names follow their rules and every row explains itself", () => {
	for (const [id, row] of Object.entries(eventTable)) {
		assert.match(id, /^[A-Z]+(_[A-Z]+)+$/);
		assert.match(row.help, /^[A-Z].*\.$/, id);
	}
	for (const [id, row] of Object.entries(counterTable)) {
		assert.match(id, /^[a-z]+(_[a-z]+)*$/);
		assert.match(row.help, /^[A-Z].*\.$/, id);
	}
});

test("R297 K8: an issuance names the leaf, the server certificate it stands for, names and serial", () => {
	const line = formatEvent(issued);
	for (const part of ["aa", "bb", "0102", "shop.example, www.shop.example", "2026-11-28T00:00:00Z", '"inspection"']) {
		assert.ok(line.includes(part), part);
	}
	assert.equal(eventKey(issued), "aa");
});

test("K9: a store that is full is an alert", () => {
	assert.equal(severityOf("STORE_FULL"), "alert");
	assert.equal(severityOf("STORE_UNWRITABLE"), "alert");
	assert.equal(severityOf("RECORDS_DROPPED"), "alert");
});

test("an event of another version is shown as far as it is understood", () => {
	assert.equal(formatEvent({ id: "FUTURE_THING", fields: { a: 1, b: ["x", "y"] } }), "FUTURE_THING a=1 b=x, y");
	assert.equal(severityOf("FUTURE_THING"), "notice");
	assert.equal(eventKey({ id: "toString", fields: {} }), undefined);
	assert.match(formatEvent({ id: "WORKER_DIED", fields: { worker: 3 } }), /^worker 3 \(process \?\) died: \?/);
	assert.match(formatEvent({ id: "CA_EXPIRED", fields: { ca: "x", notAfter: Number.MAX_VALUE } }), /ended \?/);
});

test("no field can break out of its line", () => {
	const ids = Object.keys(eventTable) as EventId[];
	fc.assert(
		fc.property(fc.constantFrom(...ids), hostileText, (id, text) => {
			const fields = Object.fromEntries(Object.keys(eventTable[id].fields).map((name) => [name, text]));
			assert.doesNotMatch(formatEvent({ id, fields }), /[\p{Cc}\p{Cf}]/u);
		}),
	);
});

test("fields that are not what the table says never make formatting fail", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...Object.keys(eventTable)),
			fc.dictionary(fc.string(), fc.jsonValue()),
			(id, fields) => {
				formatEvent({ id, fields });
				eventKey({ id, fields });
			},
		),
	);
});
