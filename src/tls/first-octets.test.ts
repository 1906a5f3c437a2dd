import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	fitsAnyGreeting,
	fitsGreeting,
	fitsSslv2Hello,
	fitsTlsRecord,
	httpMethods,
	isContentType,
} from "#tls/first-octets.ts";

test("a greeting fits from its first octet on and no longer once one differs", () => {
	for (const [text, fit] of [
		["", "maybe"],
		["S", "maybe"],
		["SSH", "maybe"],
		["SSH-", "yes"],
		["SSH-2.0", "yes"],
		["SSL-", "no"],
		["T", "no"],
	] as const) {
		assert.equal(fitsGreeting(text, "SSH-"), fit, text);
	}
	assert.equal(fitsAnyGreeting("P", httpMethods), "maybe");
	assert.equal(fitsAnyGreeting("PUT /", httpMethods), "yes");
	assert.equal(fitsAnyGreeting("GETTING", httpMethods), "no");
});

test("a record of TLS is told by its type and its version's first octet", () => {
	assert.equal(fitsTlsRecord(Uint8Array.of(), isContentType), "maybe");
	assert.equal(fitsTlsRecord(Uint8Array.of(22), isContentType), "maybe");
	assert.equal(fitsTlsRecord(Uint8Array.of(22, 3), isContentType), "yes");
	assert.equal(fitsTlsRecord(Uint8Array.of(22, 2), isContentType), "no");
	assert.equal(fitsTlsRecord(Uint8Array.of(25, 3), isContentType), "no");
});

test("an SSLv2 hello is told by its fourth octet at the latest (R160)", () => {
	assert.equal(fitsSslv2Hello(Uint8Array.of(0x80, 0x2e, 1, 0)), "yes");
	assert.equal(fitsSslv2Hello(Uint8Array.of(0x80, 0x40, 1, 3)), "yes");
	assert.equal(fitsSslv2Hello(Uint8Array.of(0x80, 0x40, 1)), "maybe");
	assert.equal(fitsSslv2Hello(Uint8Array.of(0x80, 0x40, 2)), "no");
	assert.equal(fitsSslv2Hello(Uint8Array.of(0x16, 3, 1, 0)), "no");
});

test("what fits or does not with so many octets does so with more", () => {
	const octets = fc.uint8Array({ minLength: 1, maxLength: 12 });
	fc.assert(
		fc.property(octets, fc.uint8Array({ maxLength: 12 }), (head, tail) => {
			const whole = Uint8Array.from([...head, ...tail]);
			for (const fits of [fitsSslv2Hello, (given: Uint8Array) => fitsTlsRecord(given, isContentType)]) {
				if (fits(head) !== "maybe") assert.equal(fits(whole), fits(head));
			}
		}),
	);
});
