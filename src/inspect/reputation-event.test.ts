import assert from "node:assert/strict";
import { test } from "node:test";
import { reputationEvent } from "#inspect/reputation-event.ts";
import { formatEvent } from "#telemetry/event-table.ts";

test("R220: the event names rule, feed and action; TLS is told of requests alone", () => {
	const mark = {
		rule: "profile p rule r",
		because: "x is in feed f",
		hit: { feed: "f", entry: "x" },
		isBlock: true,
		isLogged: true,
	};
	const event = reputationEvent(mark, { session: "s", client: "10.0.0.1", tls: "TLSv1.3 TLS_AES_128_GCM_SHA256" }, 5);
	assert.deepEqual(event.fields, {
		session: "s",
		client: "10.0.0.1",
		rule: "profile p rule r",
		because: "x is in feed f",
		feed: "f",
		action: "block",
		tls: "TLSv1.3 TLS_AES_128_GCM_SHA256",
	});
	assert.match(formatEvent(event), /x is in feed f; profile p rule r: block/);
});
