import assert from "node:assert/strict";
import { test } from "node:test";
import { faultTable } from "#base/fault-table.ts";
import { faultAdvice } from "#telemetry/fault-advice.ts";

test("every fault has a sentence of advice", () => {
	for (const code of Object.keys(faultTable)) assert.match(faultAdvice(code), /^[A-Z].{20,}\.$/, code);
});

test("a client that does not trust the CA is told of the CA and of pinning", () => {
	assert.match(faultAdvice("CLIENT_DOES_NOT_TRUST_CA"), /Install the trusted CA's certificate.*pins/);
});

test("a code of another version has an answer too", () => {
	assert.match(faultAdvice("FUTURE_FAULT"), /does not know/);
	assert.match(faultAdvice("toString"), /does not know/);
});
