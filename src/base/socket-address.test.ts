import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress } from "#base/address.ts";
import { decodeSocketAddress, encodeSocketAddress } from "#base/socket-address.ts";

test("an address and port are written as the C library wants them", () => {
	const ipv4 = { address: parseAddress("192.0.2.7") as Address, port: 443 };
	assert.equal(hex(encodeSocketAddress(ipv4, true)), "020001bbc00002070000000000000000");
	assert.equal(hex(encodeSocketAddress(ipv4, false)), "000201bbc00002070000000000000000");
	const ipv6 = { address: parseAddress("2001:db8::7") as Address, port: 8443 };
	const expected = "0a0020fb0000000020010db800000000000000000000000700000000";
	assert.equal(hex(encodeSocketAddress(ipv6, true)), expected);
});

test("what was written is read again, in either order of octets", () => {
	const octets = fc.oneof(
		fc.uint8Array({ minLength: 4, maxLength: 4 }),
		fc.uint8Array({ minLength: 16, maxLength: 16 }),
	);
	fc.assert(
		fc.property(octets, fc.integer({ min: 0, max: 65_535 }), fc.boolean(), (address, port, isLittleEndian) => {
			const written = encodeSocketAddress({ address: { octets: address }, port }, isLittleEndian);
			assert.deepEqual(decodeSocketAddress(written, isLittleEndian), { address: { octets: address }, port });
		}),
	);
});

test("whatever the octets, there is an address or none; nothing is read past their end", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (octets, isLittleEndian) => {
			const size = decodeSocketAddress(octets, isLittleEndian)?.address.octets.length;
			assert.ok(size === undefined || (size === 4 && octets.length >= 16) || (size === 16 && octets.length >= 28));
		}),
	);
	assert.equal(decodeSocketAddress(Uint8Array.of(10, ...new Array(26).fill(0)), true), undefined);
});

function hex(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}
