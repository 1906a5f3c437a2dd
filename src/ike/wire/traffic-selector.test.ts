import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeTrafficSelectors, encodeTrafficSelectors } from "#ike/wire/traffic-selector.ts";
import { selectors } from "../../../test/support/ike-arbitraries.ts";

test("what encodeTrafficSelectors writes, decodeTrafficSelectors reads", () => {
	fc.assert(
		fc.property(selectors, (value) => {
			const decoded = decodeTrafficSelectors(encodeTrafficSelectors(value));
			assert.ok(decoded.kind === "done");
			assert.deepEqual(decoded.value, value);
		}),
	);
});

test("10.0.0.0/8 as RFC 7296 draws it", () => {
	const selector = { protocol: 0, firstPort: 0, lastPort: 65_535, first: Uint8Array.of(10, 0, 0, 0) };
	const body = encodeTrafficSelectors([{ ...selector, last: Uint8Array.of(10, 255, 255, 255) }]);
	assert.equal(Buffer.from(body).toString("hex"), "01000000070000100000ffff0a0000000affffff");
});

test("a selector of an unknown type is passed over; one of a wrong length is malformed", () => {
	const decoded = decodeTrafficSelectors(Buffer.from("01000000090000100000ffff0a0000000affffff", "hex"));
	assert.ok(decoded.kind === "done");
	assert.deepEqual(decoded.value, []);
	assert.equal(
		decodeTrafficSelectors(Buffer.from("01000000080000100000ffff0a0000000affffff", "hex")).kind,
		"malformed",
	);
	assert.equal(decodeTrafficSelectors(Uint8Array.of(0, 0, 0, 0)).kind, "malformed");
});

test("no octets make decodeTrafficSelectors throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeTrafficSelectors(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done")
				assert.equal(decodeTrafficSelectors(encodeTrafficSelectors(decoded.value)).kind, "done");
		}),
	);
});
