import assert from "node:assert/strict";
import { test } from "node:test";
import {
	describeOctet,
	equalsName,
	fieldOctets,
	isAuthority,
	latin1,
	targetOctets,
	tokenOctets,
} from "#http/head-octets.ts";

function members(table: Uint8Array): string {
	return String.fromCharCode(...Array.from(table.keys()).filter((octet) => table[octet] === 1));
}

test("the tables hold what the grammar holds", () => {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const tchar = [..."!#$%&'*+-.^_`|~0123456789", ...letters, ...letters.toLowerCase()].sort().join("");
	assert.equal([...members(tokenOctets)].sort().join(""), tchar);
	assert.equal(members(fieldOctets).length, 1 + 95 + 128, "HTAB, visible ASCII with SP, obs-text");
	assert.equal(members(targetOctets).length, 94 - 1 + 128, "visible ASCII without #, raw UTF-8");
});

test("names are compared without case, other octets exactly", () => {
	const octets = Buffer.from("..Content-LENGTH..");
	assert.equal(equalsName(octets, 2, 14, "content-length"), true);
	assert.equal(equalsName(octets, 2, 13, "content-length"), false);
	assert.equal(equalsName(octets, 3, 14, "content-length"), false);
	// 0x0d differs from "-" (0x2d) by the bit that tells the cases of letters apart.
	assert.equal(equalsName(Buffer.from("a\rb"), 0, 3, "a-b"), false);
	assert.equal(equalsName(Buffer.from("a@b"), 0, 3, "a`b"), false);
});

test("host and port are told from what is neither", () => {
	const valid = ["a", "shop.example", "a_b-c.example.", "192.0.2.1:1", "x:65535", "[2001:db8::1]", "[::1]:8443", "x:"];
	const invalid = [
		"",
		":1",
		"a:b",
		"a:1:2",
		"a:123456",
		"a b",
		"a,b",
		"[]",
		"[::1",
		"[::g]",
		"[::1]a",
		"::1",
		"u@h",
		"é",
	];
	for (const text of [...valid, ...invalid]) {
		const octets = Buffer.from(`a.b:1${text}`);
		assert.equal(isAuthority(octets, 5, octets.length), valid.includes(text), text);
		assert.equal(isAuthority(Buffer.from(`${text}]1`), 0, Buffer.byteLength(text)), valid.includes(text), text);
	}
});

test("octets are named so that a reader of the log sees them", () => {
	assert.equal(describeOctet(0x41), '"A"');
	assert.equal(describeOctet(0x20), "0x20");
	assert.equal(describeOctet(0x00), "0x00");
	assert.equal(latin1(Uint8Array.of(1, 0xe9, 0x41), 1, 3), "\xe9A");
});
