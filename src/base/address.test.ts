import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	addressOf,
	formatAddress,
	formatEndpoint,
	formatPrefix,
	isLoopback,
	isUnspecified,
	parseAddress,
	parseEndpoint,
	parsePrefix,
	prefixContains,
} from "#base/address.ts";

const canonical = (text: string) => {
	const address = parseAddress(text);
	return address && formatAddress(address);
};

for (const [text, expected] of [
	["192.0.2.1", "192.0.2.1"],
	["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
	["::", "::"],
	["1::", "1::"],
	["::ffff:192.0.2.1", "192.0.2.1"],
	["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
	["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
	["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
] as const) {
	test(`${text} reads as ${expected}`, () => assert.equal(canonical(text), expected));
}

for (const text of [
	"",
	"1.2.3",
	"1.2.3.256",
	"01.2.3.4",
	"1.2.3.4.5",
	":::",
	"1:2",
	"1::2::3",
	"12345::",
	"g::",
	"fe80::1%eth0",
	"1:2:3:4:5:6:7:8:9",
	"::1.2.3",
	"1.2.3.4::",
]) {
	test(`${JSON.stringify(text)} is not an address`, () => assert.equal(parseAddress(text), undefined));
}

test("a prefix has no host bits and a length in range", () => {
	assert.equal(formatPrefix(parsePrefix("10.0.0.0/8") ?? assert.fail()), "10.0.0.0/8");
	assert.equal(formatPrefix(parsePrefix("192.0.2.1") ?? assert.fail()), "192.0.2.1/32");
	for (const text of ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "::1/129", "2001:db8::1/64"])
		assert.equal(parsePrefix(text), undefined, text);
});

test("a prefix contains its addresses and none of the other family", () => {
	const prefix = parsePrefix("192.0.2.128/25") ?? assert.fail();
	assert.equal(prefixContains(prefix, parseAddress("192.0.2.200") ?? assert.fail()), true);
	assert.equal(prefixContains(prefix, parseAddress("192.0.2.1") ?? assert.fail()), false);
	assert.equal(prefixContains(parsePrefix("::/0") ?? assert.fail(), parseAddress("1.2.3.4") ?? assert.fail()), false);
});

test("an endpoint is an address and a port; IPv6 stands in brackets", () => {
	assert.deepEqual(parseEndpoint("127.0.0.1:8080"), { host: "127.0.0.1", port: 8080 });
	assert.deepEqual(parseEndpoint("[::1]:443"), { host: "::1", port: 443 });
	assert.equal(formatEndpoint({ host: "::1", port: 443 }), "[::1]:443");
	for (const text of ["::1:443", "1.2.3.4", "1.2.3.4:65536", "[1.2.3.4]:1", "host:1", ""])
		assert.equal(parseEndpoint(text), undefined, text);
});

test("loopback and unspecified addresses are known", () => {
	for (const text of ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"])
		assert.equal(isLoopback(parseAddress(text) ?? assert.fail()), true, text);
	assert.equal(isLoopback(parseAddress("128.0.0.1") ?? assert.fail()), false);
	for (const text of ["0.0.0.0", "::"]) assert.equal(isUnspecified(parseAddress(text) ?? assert.fail()), true, text);
});

test("every address text that is printed reads back as the same address", () => {
	const octets = fc.oneof(
		fc.uint8Array({ minLength: 4, maxLength: 4 }),
		fc.uint8Array({ minLength: 16, maxLength: 16 }),
	);
	fc.assert(
		fc.property(octets, (value) => {
			const text = formatAddress({ octets: value });
			return canonical(text) === text || text.startsWith("::ffff:");
		}),
	);
});

test("no text makes the parsers throw", () => {
	const text = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:./[]%*") });
	fc.assert(
		fc.property(text, (value) => {
			parseAddress(value);
			parsePrefix(value);
			parseEndpoint(value);
		}),
	);
});

test("octets give an address as text does: IPv4 inside IPv6 is IPv4", () => {
	assert.equal(formatAddress(addressOf(Uint8Array.of(192, 0, 2, 1))), "192.0.2.1");
	assert.equal(
		formatAddress(addressOf(Uint8Array.from([...new Array(10).fill(0), 255, 255, 127, 0, 0, 1]))),
		"127.0.0.1",
	);
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
			assert.equal(formatAddress(addressOf(octets)), canonical(formatAddress({ octets })));
		}),
	);
});
