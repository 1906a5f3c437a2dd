import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAuthentication, encodeAuthentication } from "#ike/wire/authentication.ts";

test("the data of AUTH stand behind method and three zeros", () => {
	assert.deepEqual([...encodeAuthentication({ method: 2, data: Uint8Array.of(9) })], [2, 0, 0, 0, 9]);
	for (const octets of [0, 3, 4]) assert.equal(decodeAuthentication(new Uint8Array(octets)).kind, "malformed");
});

test("no octets make decodeAuthentication throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeAuthentication(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeAuthentication(encodeAuthentication(decoded.value)).kind, "done");
		}),
	);
});
