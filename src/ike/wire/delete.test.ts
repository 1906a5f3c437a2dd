import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeDelete, encodeDelete } from "#ike/wire/delete.ts";

test("a delete of ESP names SPIs, one of IKE none", () => {
	const esp = encodeDelete({ protocol: 3, spis: [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)] });
	assert.equal(Buffer.from(esp).toString("hex"), "030400020102030405060708");
	assert.equal(Buffer.from(encodeDelete({ protocol: 1, spis: [] })).toString("hex"), "01000000");
});

test("a count that is not true, and SPIs of no length, are malformed", () => {
	for (const body of [
		[3, 4, 0, 2, 1, 2, 3, 4],
		[3, 4, 0, 0, 1],
		[1, 0, 0xff, 0xff],
		[3, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
		[3],
	])
		assert.equal(decodeDelete(Uint8Array.from(body)).kind, "malformed", body.join());
});

test("no octets make decodeDelete throw, and what it accepts it writes again", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const decoded = decodeDelete(octets);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.equal(decodeDelete(encodeDelete(decoded.value)).kind, "done");
		}),
	);
});
