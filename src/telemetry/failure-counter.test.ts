import assert from "node:assert/strict";
import { test } from "node:test";
import { faultTable } from "#base/fault-table.ts";
import { counterTable } from "#telemetry/event-table.ts";
import { failureCounter } from "#telemetry/failure-counter.ts";

test("R237 R240: every fault of a client, of a server, of what they agree on and of this host has its counter", () => {
	const missing = Object.keys(faultTable).filter(
		(code) => /^(CLIENT|SERVER|TLS)_/.test(code) && failureCounter(code) === undefined,
	);
	assert.deepEqual(missing, []);
	assert.equal(failureCounter("TLS_CIPHERS_DO_NOT_MATCH"), "failed_ciphers");
	assert.equal(failureCounter("CERTIFICATE_SIGNING_FAILED"), "failed_system");
	assert.equal(failureCounter("HTTP_MESSAGE_MALFORMED"), undefined);
	for (const code of Object.keys(faultTable)) {
		const counter = failureCounter(code);
		assert.ok(counter === undefined || counterTable[counter].kind === "counter");
	}
});
