import assert from "node:assert/strict";
import { test } from "node:test";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";

test("the table ascends by code point and no name comes twice", () => {
	const codes = cipherSuiteRows.map(([code]) => code);
	assert.deepEqual(
		codes,
		[...new Set(codes)].sort((a, b) => a - b),
	);
	for (const column of [1, 2] as const) {
		const names = cipherSuiteRows.flatMap((row) => row[column] ?? []);
		assert.equal(new Set(names).size, names.length);
	}
});

test("each name has the form of the registry", () => {
	for (const [code, name] of cipherSuiteRows) {
		assert.match(name, code >>> 8 === 0x13 ? /^TLS_[A-Z0-9_]+_SHA(256|384)$/ : /^TLS_[A-Za-z0-9_]+_WITH_[A-Z0-9_]+$/);
	}
});
