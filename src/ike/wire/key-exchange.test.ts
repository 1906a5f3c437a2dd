import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKeyExchange, encodeKeyExchange } from "#ike/wire/key-exchange.ts";

test("a public value stands behind its group", () => {
	const body = encodeKeyExchange({ group: 14, data: Uint8Array.of(1, 2, 3) });
	assert.equal(Buffer.from(body).toString("hex"), "000e0000010203");
	const decoded = decodeKeyExchange(body);
	assert.ok(decoded.kind === "done");
	assert.deepEqual([decoded.value.group, [...decoded.value.data]], [14, [1, 2, 3]]);
});

test("a key exchange without a public value is malformed", () => {
	for (const octets of [0, 1, 3, 4]) assert.equal(decodeKeyExchange(new Uint8Array(octets)).kind, "malformed");
});

test("no octets make decodeKeyExchange throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeKeyExchange(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeKeyExchange(encodeKeyExchange(decoded.value)).kind, "done");
		}),
	);
});
