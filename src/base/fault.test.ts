import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultError, fault } from "#base/fault.ts";
import { faultTable } from "#base/fault-table.ts";

test("a fault takes its blame from the table and keeps both values", () => {
	const made = fault("PROXY_METHOD_REFUSED", "the request is refused; expected CONNECT, got GET", {
		expected: "CONNECT",
		got: "GET",
	});
	assert.equal(made.blame, "peer-incompatible");
	assert.equal(made.expected, "CONNECT");
	assert.equal(new FaultError(made).message, made.message);
});

test("every row says what happened in lower case without a full stop, and its alert and status are real", () => {
	for (const [code, row] of Object.entries(faultTable)) {
		assert.match(code, /^[A-Z][A-Z0-9_]+$/);
		assert.match(row.says, /^(?:[a-z]|TLS|HTTP|Node).*[^.]$/, code);
		if (row.tls !== undefined) assert.ok(row.tls > 0 && row.tls < 122, code);
		if (row.socks !== undefined) assert.ok(row.socks >= 1 && row.socks <= 8, code);
		if (row.http !== undefined) assert.ok(row.http >= 400 && row.http < 600, code);
	}
});
