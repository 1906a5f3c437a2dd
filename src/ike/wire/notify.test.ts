import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeNotify, encodeNotify } from "#ike/wire/notify.ts";

test("a notification names the SPI that it is about", () => {
	const body = encodeNotify({ protocol: 3, spi: Uint8Array.of(1, 2, 3, 4), notify: 16_393, data: Uint8Array.of(7) });
	assert.equal(Buffer.from(body).toString("hex"), "030440090102030407");
});

test("a notification that ends within its SPI is malformed", () => {
	assert.equal(decodeNotify(Uint8Array.of(3, 4, 0x40, 9, 1, 2, 3)).kind, "malformed");
	assert.equal(decodeNotify(Uint8Array.of(3)).kind, "malformed");
});

test("no octets make decodeNotify throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeNotify(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeNotify(encodeNotify(decoded.value)).kind, "done");
		}),
	);
});
