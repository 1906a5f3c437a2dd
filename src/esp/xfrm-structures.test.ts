import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeMark, encodeSelector, readMark, readSelector, selectorOctets } from "#esp/xfrm-structures.ts";

const side = (octets: number) =>
	fc.record(
		{
			address: fc.record(
				{ octets: fc.uint8Array({ minLength: octets, maxLength: octets }), length: fc.nat(octets * 8) },
				{ noNullPrototype: true },
			),
			port: fc.nat(65_535),
			portMask: fc.nat(65_535),
		},
		{ noNullPrototype: true },
	);

test("selectors come back as they went, in either order of octets and of either family", () => {
	const selectors = fc.tuple(fc.constantFrom(4, 16), fc.nat(255)).chain(([octets, protocol]) =>
		fc.tuple(side(octets), side(octets)).map(([source, destination]) => ({
			source: { ...source, protocol },
			destination: { ...destination, protocol },
		})),
	);
	fc.assert(
		fc.property(selectors, fc.boolean(), (selector, isLittleEndian) => {
			const octets = encodeSelector(selector, isLittleEndian);
			assert.equal(octets.length, selectorOctets);
			const read = readSelector(octets, isLittleEndian);
			assert.deepEqual(read?.source.port, selector.source.port);
			assert.deepEqual(read?.destination.address.octets, selector.destination.address.octets);
			assert.deepEqual(encodeSelector(read as typeof selector, isLittleEndian), octets);
		}),
	);
});

test("a selector of another family is none; a mark has a value and a mask", () => {
	assert.equal(readSelector(new Uint8Array(selectorOctets), true), undefined);
	const octets = encodeMark({ value: 0x5a13_0007, mask: 0xffff_ffff }, true);
	assert.equal(Buffer.from(octets).toString("hex"), "0700135affffffff");
	assert.deepEqual(
		[readMark(octets, true), readMark(undefined, true), readMark(octets.subarray(1), true)],
		[0x5a13_0007, 0, 0],
	);
});
