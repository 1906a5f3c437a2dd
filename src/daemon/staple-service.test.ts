import assert from "node:assert/strict";
import { test } from "node:test";
import { StapleService } from "#daemon/staple-service.ts";
import type { StapleFacts } from "#pki/staple-shell.ts";
import { formatEvent, type GatewayEvent } from "#telemetry/event-table.ts";

const until = Date.UTC(2030, 0, 1);
const facts = (more: Partial<StapleFacts>): StapleFacts => ({
	id: "app",
	sha256: "ab",
	goodUntil: undefined,
	problem: undefined,
	isDemanded: false,
	isAskable: true,
	...more,
});

function service() {
	const events: GatewayEvent[] = [];
	const one = new StapleService(
		(event) => events.push(event),
		() => 7,
	);
	return { one, events, ids: () => events.map(({ id }) => id) };
}

test("R35: a failure that every worker sees is told once, and its end too", () => {
	const { one, ids, events } = service();
	for (const problem of ["it answered 500", "it answered 500", "it did not answer"]) one.note(facts({ problem }));
	assert.deepEqual(ids(), ["STAPLE_UNAVAILABLE"]);
	assert.match(
		formatEvent(events[0] as GatewayEvent),
		/certificate app \(ab\) can be fetched: it answered 500; stapled meanwhile: nothing$/,
	);
	for (let worker = 0; worker < 3; worker++) one.note(facts({ goodUntil: until }));
	assert.deepEqual(ids(), ["STAPLE_UNAVAILABLE", "STAPLE_AVAILABLE"]);
	assert.equal(one.facts("ab")?.goodUntil, until);
	assert.equal(one.facts("cd"), undefined);
});

test("what goes well from the beginning, and a certificate without a responder, are no news", () => {
	const { one, ids } = service();
	one.note(facts({ goodUntil: until }));
	one.note(facts({ sha256: "cd", problem: "names no responder", isAskable: false }));
	assert.deepEqual(ids(), []);
});

test("a certificate that demands a response is an error once there is none, a warning while the one of before is good", () => {
	const { one, ids } = service();
	one.note(facts({ problem: "it answered 500", goodUntil: until, isDemanded: true }));
	one.note(facts({ problem: "it answered 500", isDemanded: true }));
	one.note(facts({ problem: "it answered 503", isDemanded: true }));
	one.note(facts({ sha256: "cd", problem: "names no responder", isDemanded: true, isAskable: false }));
	assert.deepEqual(ids(), ["STAPLE_UNAVAILABLE", "STAPLE_DEMAND_UNMET", "STAPLE_DEMAND_UNMET"]);
});

test("a worker that was taken over tells no time that is none, and no text without end", () => {
	const { one } = service();
	one.note(facts({ goodUntil: Number.NaN }));
	assert.equal(one.facts("ab"), undefined);
	one.note(facts({ problem: "x".repeat(100_000) }));
	assert.equal(one.facts("ab")?.problem?.length, 512);
});
