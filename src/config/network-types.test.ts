import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalText, type LeafType } from "#config/leaf-types.ts";
import {
	address,
	dateTime,
	emailAddress,
	endpoint,
	fileName,
	hexadecimal,
	host,
	hostEndpoint,
	hostName,
	hostPattern,
	interfaceAddress,
	interfaceName,
	macAddress,
	port,
	prefix,
	timeOfDay,
	url,
} from "#config/network-types.ts";

/** The canonical text, or the message with an exclamation mark before it. */
function read(type: LeafType<unknown>, typed: string): string {
	const result = type.parse(typed);
	return result.ok ? canonicalText(type, typed) : `! ${result.message}`;
}

test("addresses and prefixes are put into canonical form or refused in the words of Junos", () => {
	assert.equal(read(address(), "2001:DB8:0::1"), "2001:db8::1");
	assert.equal(read(address(), "x"), "! invalid value 'x' in ip address: 'x'");
	assert.equal(read(address(), "10.0.256.1"), "! invalid value '256' in ip address: '10.0.256.1'");
	assert.equal(read(address("inet6"), "10.0.0.1"), "! invalid value '10.0.0.1'; expected an inet6 address");
	assert.equal(read(prefix(), "10.0.0.1"), "10.0.0.1/32");
	assert.equal(read(prefix(), "10.0.0.1/24"), "! host bits are set in prefix '10.0.0.1/24'; expected '10.0.0.0/24'");
	assert.equal(
		read(prefix(), "2001:db8::1/33"),
		"! host bits are set in prefix '2001:db8::1/33'; expected '2001:db8::/33'",
	);
	assert.equal(read(prefix(), "10.0.0.0/33"), "! invalid prefix length '33' in '10.0.0.0/33'; expected 0..32");
	assert.equal(read(interfaceAddress(), "10.0.0.1/24"), "10.0.0.1/24");
	assert.equal(read(interfaceAddress("inet6"), "1212::1111/64"), "1212::1111/64");
	assert.equal(read(interfaceAddress(), "10.0.0.1/x"), "! invalid prefix length 'x' in '10.0.0.1/x'; expected 0..32");
});

test("host names, patterns and endpoints", () => {
	assert.equal(read(hostName(), "GW.Example."), "gw.example");
	assert.equal(read(hostName(), "a b"), "! invalid hostname: 'a b'");
	assert.equal(read(hostPattern(), "*.Example.COM"), "*.example.com");
	assert.equal(read(hostPattern(), "a.*.com"), "! invalid host pattern: 'a.*.com'; expected a host name or *.name");
	assert.equal(read(host(), "GW.example"), "gw.example");
	assert.equal(read(host(), "2001:DB8::1"), "2001:db8::1");
	assert.equal(read(host(), "10.0.0"), "! invalid value '10.0.0' in ip address: '10.0.0'");
	assert.equal(read(endpoint(), "[2001:DB8::1]:443"), "[2001:db8::1]:443");
	assert.equal(read(endpoint(), "host:443"), "! invalid value 'host:443'; expected address:port or [address]:port");
	assert.equal(read(hostEndpoint(), "GW.example:443"), "gw.example:443");
	assert.equal(read(hostEndpoint(), "10.0.0.1:443"), "10.0.0.1:443");
	assert.equal(read(hostEndpoint(), "10.0.0:443"), "! invalid value '10.0.0:443'; expected host:port");
	assert.equal(read(port(), "0"), "! Value 0 is not within range (1..65535)");
});

test("interface names of Junos and of Linux", () => {
	for (const good of ["ge-0/0/0", "ge-0/0/0.0", "st0.0", "lo0", "eth0", "enp3s0f1", "fxp0", "xe-1/2/3:1.5", "tun-a"])
		assert.equal(read(interfaceName(), good), good);
	for (const bad of ["", "ge 0", "0eth", "ge-0/0/0/0/0", "st0.x", "a".repeat(64)])
		assert.match(read(interfaceName(), bad), /^! invalid interface/);
	assert.match(read(interfaceName("none"), "ge-0/0/0.0"), /without logical unit/);
});

test("dates, times, files, URLs and the rest", () => {
	assert.equal(read(dateTime(), "2026-02-28.10:00"), "2026-02-28.10:00:00");
	assert.match(read(dateTime(), "2026-02-30"), /^! invalid date/);
	assert.equal(read(timeOfDay(), "09:00"), "09:00");
	assert.match(read(timeOfDay(), "24:00"), /^! invalid time/);
	assert.equal(read(fileName(), "/var/log/trace.log"), "/var/log/trace.log");
	assert.match(read(fileName(), "../etc/passwd"), /^! invalid filename/);
	assert.match(read(fileName(), "a//b"), /^! invalid filename/);
	assert.match(read(fileName({ mayHavePath: false }), "a/b"), /^! invalid filename/);
	assert.equal(read(url(), "https://a.example/x?y=1"), "https://a.example/x?y=1");
	assert.match(read(url(), "ftp://a.example/"), /^! invalid URL/);
	assert.equal(read(hexadecimal({ minOctets: 2, maxOctets: 3 }), "AA:bb"), "aabb");
	assert.match(read(hexadecimal({ minOctets: 2, maxOctets: 3 }), "aabbccdd"), /^! Length 4 is not/);
	assert.match(read(hexadecimal({ minOctets: 2, maxOctets: 3 }), "abc"), /^! invalid hexadecimal/);
	assert.equal(read(macAddress(), "0:1:2:AA:bb:Cc"), "00:01:02:aa:bb:cc");
	assert.match(read(macAddress(), "0:1:2:AA:bb"), /^! invalid mac/);
	assert.equal(read(emailAddress(), "branch_natt1@juniper.net"), "branch_natt1@juniper.net");
	assert.match(read(emailAddress(), "a@b c"), /^! invalid e-mail/);
});

test("a logical interface is required where the type says so", () => {
	assert.match(read(interfaceName("required"), "ge-0/0/0"), /^! invalid interface name: 'ge-0\/0\/0'; expected/);
	assert.equal(read(interfaceName("required"), "ge-0/0/0.0"), "ge-0/0/0.0");
});

test("no type throws on any word, and canonical text stays canonical", () => {
	const types: LeafType<unknown>[] = [
		address(),
		prefix(),
		interfaceAddress(),
		hostName(),
		hostPattern(),
		host(),
		endpoint(),
		hostEndpoint(),
		interfaceName(),
		macAddress(),
		dateTime(),
		timeOfDay(),
		url(),
		fileName(),
		hexadecimal({ minOctets: 0, maxOctets: 9 }),
		emailAddress(),
		port(),
	];
	const typed = fc.oneof(
		fc.string({ unit: "binary" }),
		fc.string({ unit: fc.constantFrom(..."0123456789abf:./[]-@*%".split("")) }),
	);
	fc.assert(
		fc.property(fc.constantFrom(...types), typed, (type, word) => {
			const canonical = canonicalText(type, word);
			assert.equal(canonicalText(type, canonical), canonical);
		}),
		{ numRuns: 5_000 },
	);
});
