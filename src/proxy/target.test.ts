import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { isLocalTarget } from "#proxy/target.ts";

test("F14: loopback, unspecified, link-local and mapped forms of them are local targets", () => {
	for (const text of [
		"127.0.0.1",
		"127.9.9.9",
		"::1",
		"0.0.0.0",
		"::",
		"169.254.169.254",
		"fe80::1",
		"::ffff:127.0.0.1",
	]) {
		assert.equal(isLocalTarget(parseAddress(text) as Address), true, text);
	}
	for (const text of ["192.0.2.1", "10.0.0.1", "2001:db8::1", "169.255.0.1", "fec0::1"]) {
		assert.equal(isLocalTarget(parseAddress(text) as Address), false, text);
	}
});
