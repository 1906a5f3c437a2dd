import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEap, encodeEap } from "#ike/wire/eap.ts";

test("a message of EAP says its own length", () => {
	const body = encodeEap({ code: 1, identifier: 7, data: Uint8Array.of(1, 65) });
	assert.deepEqual([...body], [1, 7, 0, 6, 1, 65]);
	assert.equal(decodeEap(Uint8Array.of(1, 7, 0, 7, 1, 65)).kind, "malformed");
	assert.equal(decodeEap(Uint8Array.of(5, 7, 0, 4)).kind, "malformed");
	assert.equal(decodeEap(Uint8Array.of(1, 7, 0, 4)).kind, "malformed");
	assert.equal(decodeEap(Uint8Array.of(3, 7, 0, 4)).kind, "done");
});

test("no octets make decodeEap throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeEap(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeEap(encodeEap(decoded.value)).kind, "done");
		}),
	);
});
