import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { internetChecksum } from "#esp/header-words.ts";
import { folded, pseudoSum, sumOf } from "#esp/internet-sum.ts";

test("the sum is that of the words one by one, from any place, of any length", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(0xffff), (octets, before, sum) => {
			const memory = new Uint8Array(300).fill(0xee);
			memory.set(octets, before);
			const found = sumOf(new DataView(memory.buffer), before, octets.length, sum);
			assert.equal(~found & 0xffff, internetChecksum(octets, sum));
		}),
	);
	const all = new DataView(new Uint8Array(65_536).fill(0xff).buffer);
	assert.equal(sumOf(all, 0, 65_536), 0xffff);
});

test("the pseudo-header of TCP is addresses, protocol and octets", () => {
	const four = Uint8Array.of(0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1);
	assert.equal(pseudoSum(new DataView(four.buffer), 0, true, 100), folded(0x0a01 + 1 + 0x0a02 + 1 + 6 + 100));
	const six = new Uint8Array(40);
	six[23] = 1;
	six[39] = 2;
	assert.equal(pseudoSum(new DataView(six.buffer), 0, false, 100), 1 + 2 + 6 + 100);
});
