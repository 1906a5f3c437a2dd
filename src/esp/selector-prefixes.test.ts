import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rangePrefixes, selectorSides } from "#esp/selector-prefixes.ts";

const prefixes = (first: string, last: string) =>
	rangePrefixes(octets(first), octets(last)).map(({ octets: at, length }) => `${at.join(".")}/${length}`);
const octets = (text: string) => Uint8Array.from(text.split(".").map(Number));

test("a range is the fewest prefixes that are it; one that ends before it begins is none", () => {
	assert.deepEqual(prefixes("0.0.0.0", "255.255.255.255"), ["0.0.0.0/0"]);
	assert.deepEqual(prefixes("10.1.0.0", "10.1.0.255"), ["10.1.0.0/24"]);
	assert.deepEqual(prefixes("10.1.0.9", "10.1.0.9"), ["10.1.0.9/32"]);
	assert.deepEqual(prefixes("10.0.0.1", "10.0.0.6"), ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]);
	assert.deepEqual(prefixes("10.0.0.2", "10.0.0.1"), []);
	assert.deepEqual(
		rangePrefixes(new Uint8Array(16), new Uint8Array(16).fill(255)).map(({ length }) => length),
		[0],
	);
});

test("the prefixes of a range hold what is in it and nothing else", () => {
	fc.assert(
		fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffff), (one, other, asked) => {
			const [first, last] = [Math.min(one, other), Math.max(one, other)];
			const number = (at: Uint8Array) => ((at[0] as number) << 8) | (at[1] as number);
			const two = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
			const hits = rangePrefixes(two(first), two(last)).filter(
				({ octets: at, length }) => (number(at) ^ asked) >> (16 - length) === 0,
			);
			assert.equal(hits.length, asked >= first && asked <= last ? 1 : 0);
		}),
	);
});

test("a selector has a side for each prefix and each mask of its ports, as long as they are not too many", () => {
	const selector = { protocol: 6, firstPort: 80, lastPort: 81, first: octets("10.0.0.0"), last: octets("10.0.0.2") };
	assert.deepEqual(
		selectorSides(selector)?.map(({ address, port, portMask }) => [
			address.octets.join("."),
			address.length,
			port,
			portMask,
		]),
		[
			["10.0.0.0", 31, 80, 0xfffe],
			["10.0.0.2", 32, 80, 0xfffe],
		],
	);
	const any = {
		protocol: 0,
		firstPort: 0,
		lastPort: 65_535,
		first: octets("0.0.0.0"),
		last: octets("255.255.255.255"),
	};
	assert.deepEqual(
		selectorSides(any)?.map(({ port, portMask }) => [port, portMask]),
		[[0, 0]],
	);
	const many = { ...any, firstPort: 1, lastPort: 65_534, first: octets("0.0.0.1"), last: octets("255.255.255.254") };
	assert.equal(selectorSides(many), undefined);
});
