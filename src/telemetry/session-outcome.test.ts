import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionOutcome } from "#telemetry/session-outcome.ts";
import { sessionRecord, without } from "../../test/support/session-records.ts";

const usual = sessionRecord();

test("R182: an opened session is told apart by whether anybody looked inside", () => {
	assert.equal(sessionOutcome(usual), "decrypted");
	assert.equal(sessionOutcome({ ...usual, inspection: "decrypted, not inspected" }), "decrypted, not inspected");
});

test("R18: a session whose client speaks in clear was opened once something was relayed", () => {
	const encrypted = without(usual, "clientLeg");
	assert.equal(sessionOutcome(encrypted), "decrypted");
	assert.equal(sessionOutcome({ ...encrypted, faultCode: "SESSION_IDLE_TIMEOUT" }), "decrypted");
	assert.equal(sessionOutcome({ ...encrypted, inspection: "not decrypted" }), "failed");
});

test("R188: a session that was opened although its server is not trusted was allowed after an error", () => {
	assert.equal(sessionOutcome({ ...usual, serverTrust: "it has expired" }), "allowed after an error");
});

test("R183 R184 R188: exempt, bypassed and ignored are outcomes of their own", () => {
	const bypass = { ...without(usual, "clientLeg", "serverLeg", "serverTrust"), decision: "bypass" } as const;
	assert.equal(sessionOutcome({ ...bypass, cause: "exempt" }), "not decrypted");
	assert.equal(sessionOutcome({ ...bypass, cause: "no-service" }), "bypassed");
	assert.equal(sessionOutcome({ ...bypass, cause: "overload" }), "bypassed");
	assert.equal(sessionOutcome({ ...bypass, cause: "no-profile" }), "ignored");
	// Records of before there were causes.
	assert.equal(sessionOutcome(bypass), "not decrypted");
});

test("R185: policy, inspection and a server that is not trusted block", () => {
	const finding = { service: "patterns", name: "eicar", where: "response-body", verdict: "block" } as const;
	assert.equal(sessionOutcome({ ...usual, findings: [finding] }), "blocked");
	assert.equal(sessionOutcome({ ...usual, decision: "block" }), "blocked");
	const halfOpen = { ...without(usual, "clientLeg"), inspection: "not decrypted" } as const;
	assert.equal(sessionOutcome({ ...halfOpen, faultCode: "SERVER_CERTIFICATE_INVALID" }), "blocked");
	assert.equal(sessionOutcome({ ...halfOpen, faultCode: "SERVER_HANDSHAKE_FAILED" }), "failed");
	assert.equal(sessionOutcome({ ...halfOpen, decision: "none" }), "failed");
});
