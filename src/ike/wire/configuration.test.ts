import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { configurationType, decodeConfiguration, encodeConfiguration } from "#ike/wire/configuration.ts";

test("attributes stand behind the type; one that ends early is malformed", () => {
	const body = encodeConfiguration({
		configuration: configurationType.request,
		attributes: [{ type: 1, value: Uint8Array.of(10, 0, 0, 9) }],
	});
	assert.equal(Buffer.from(body).toString("hex"), "01000000000100040a000009");
	for (let end = 5; end < body.length; end++)
		assert.equal(decodeConfiguration(body.subarray(0, end)).kind, "malformed");
});

test("more than 256 attributes are not read", () => {
	const attributes = Array.from({ length: 257 }, () => ({ type: 1, value: new Uint8Array(0) }));
	assert.equal(decodeConfiguration(encodeConfiguration({ configuration: 1, attributes })).kind, "malformed");
});

test("no octets make decodeConfiguration throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeConfiguration(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeConfiguration(encodeConfiguration(decoded.value)).kind, "done");
		}),
	);
});
