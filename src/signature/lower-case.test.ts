import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lowerCase } from "#signature/lower-case.ts";

function slowly(octets: Uint8Array): Uint8Array {
	return octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet));
}

test("only ASCII letters change", () => {
	const all = Uint8Array.from({ length: 256 }, (_, index) => index);
	const lower = lowerCase(all, Buffer.alloc(300));
	assert.equal(lower.length, 256);
	assert.deepEqual(new Uint8Array(lower), slowly(all));
});

test("whatever the octets and wherever they go, the result is that of looking at each", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(4), (octets, offset) => {
			const target = Buffer.alloc(80).subarray(offset);
			assert.deepEqual(new Uint8Array(lowerCase(octets, target)), slowly(octets));
		}),
	);
});
