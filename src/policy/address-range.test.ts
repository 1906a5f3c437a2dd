import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, formatPrefix, parseAddress, prefixContains } from "#base/address.ts";
import { prefixesOfRange } from "#policy/address-range.ts";

const at = (text: string) => parseAddress(text) as Address;
const between = (lower: string, upper: string) => prefixesOfRange(at(lower), at(upper)).map(formatPrefix);

test("a range becomes the fewest prefixes", () => {
	assert.deepEqual(between("10.0.0.0", "10.0.0.255"), ["10.0.0.0/24"]);
	assert.deepEqual(between("10.0.0.1", "10.0.0.6"), ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]);
	assert.deepEqual(between("0.0.0.0", "255.255.255.255"), ["0.0.0.0/0"]);
	assert.deepEqual(between("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["::/0"]);
	assert.deepEqual(between("2001:db8::ff", "2001:db8::100"), ["2001:db8::ff/128", "2001:db8::100/128"]);
});

test("the longest split has no more prefixes than twice the bits", () => {
	assert.equal(between("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").length, 254);
});

test("an address is in one of the prefixes exactly when it is in the range", () => {
	const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((values) => Uint8Array.from(values));
	fc.assert(
		fc.property(octets, octets, octets, (a, b, any) => {
			const [lower = a, upper = b] = [a, b].sort(Buffer.compare);
			const hits = prefixesOfRange({ octets: lower }, { octets: upper }).filter((one) =>
				prefixContains(one, { octets: any }),
			);
			const isInside = Buffer.compare(lower, any) <= 0 && Buffer.compare(any, upper) <= 0;
			assert.equal(hits.length, isInside ? 1 : 0);
		}),
	);
});
