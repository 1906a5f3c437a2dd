import assert from "node:assert/strict";
import { test } from "node:test";
import { frontingGuard, policyOfNames } from "#daemon/fronting-guard.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import type { FrontingAction } from "#inspect/fronting-service.ts";
import { Counters } from "#telemetry/counters.ts";
import { formatEvent } from "#telemetry/event-table.ts";
import { requestHead } from "../../test/support/http-heads.ts";

const session = { sessionId: "00ff00ff00ff00ff", rule: "all", client: { address: "192.0.2.9" } };
const names = { name: "a.test", isBorne: () => false };
const settings = (fronted: FrontingAction) => ({ fronting: { fronted, coalesced: "allow" as const } });

test("F12: of one session one event is told, and every request is counted", () => {
	const counters = new Counters();
	const sent: ToManaged[] = [];
	const guard = frontingGuard({ ...session, names, profile: settings("log") }, counters, (message) =>
		sent.push(message),
	);
	for (const host of ["b.test", "c.test", "a.test"])
		guard?.requestHead(requestHead(["GET / HTTP/1.1", `Host: ${host}`]));
	assert.equal(counters.get("requests_fronted"), 2);
	assert.equal(sent.length, 1);
	const [message] = sent;
	assert.ok(message?.type === "event");
	const line = formatEvent(message.event);
	for (const part of ["00ff00ff00ff00ff", "192.0.2.9", "asked for a.test", "for b.test", "action: log"])
		assert.ok(line.includes(part), line);
});

test("there is no guard where nothing is compared, or everything is allowed", () => {
	const counters = new Counters();
	assert.equal(
		frontingGuard({ ...session, names: undefined, profile: settings("drop") }, counters, () => {}),
		undefined,
	);
	assert.equal(
		frontingGuard({ ...session, names, profile: settings("allow") }, counters, () => {}),
		undefined,
	);
});

test("policies are asked about names where names are compared", () => {
	const judgeName = () => ({ kind: "forbidden", because: "no" }) as const;
	const service = policyOfNames(settings("drop"), { names, judgeName });
	assert.equal(service?.requestHead(requestHead(["GET / HTTP/1.1", "Host: b.test"]))?.answer?.status, 403);
	assert.equal(policyOfNames(settings("allow"), { names, judgeName }), undefined);
	assert.equal(policyOfNames(settings("drop"), { names: undefined, judgeName }), undefined);
	assert.equal(policyOfNames(settings("drop"), { names, judgeName: undefined }), undefined);
});
