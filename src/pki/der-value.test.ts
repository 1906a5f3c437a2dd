import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { oidOctets, oidText, positiveOctets, signedOctets, timeText, timeValue } from "#pki/der-value.ts";

describe("DER values", () => {
	it("gives object identifiers back as they were written, whatever the arcs", () => {
		const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 130n }), { maxLength: 5 });
		const heads = fc.oneof(fc.tuple(fc.nat(1), fc.nat(39)), fc.tuple(fc.constant(2), fc.nat(5000)));
		fc.assert(
			fc.property(heads, arcs, ([first, second], rest) => {
				const text = [first, second, ...rest].join(".");
				const octets = oidOctets(text);
				assert.equal(oidText(octets, 0, octets.length), text);
			}),
		);
	});

	it("refuses object identifiers above 128 octets, and takes any octets without throwing", () => {
		assert.equal(oidText(new Uint8Array(129).fill(1), 0, 129), undefined);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 140 }), (octets) => {
				const text = oidText(octets, 0, octets.length);
				if (text !== undefined) assert.deepEqual(oidOctets(text), octets);
			}),
		);
	});

	it("gives times back as they were written, in both forms", () => {
		fc.assert(
			fc.property(fc.integer({ min: -631_152_000, max: 2_524_607_999 }), (seconds) => {
				const text = timeText(seconds * 1000);
				assert.equal(timeValue(Buffer.from(text), 4), seconds * 1000);
				assert.equal(timeValue(Buffer.from(text.slice(2)), 2), seconds * 1000);
			}),
		);
	});

	it("writes integers in the fewest octets", () => {
		assert.deepEqual([...signedOctets(-128n)], [0x80]);
		assert.deepEqual([...signedOctets(128n)], [0x00, 0x80]);
		assert.deepEqual([...positiveOctets(Uint8Array.of(0, 0, 0xff))], [0x00, 0xff]);
		assert.deepEqual([...positiveOctets(Uint8Array.of())], [0x00]);
	});
});
