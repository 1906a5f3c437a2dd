import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeIkeHeader, encodeIkeHeader, exchangeType, ikeHeaderOctets } from "#ike/wire/header.ts";
import { heads } from "../../../test/support/ike-arbitraries.ts";

const spi = (octet: number) => new Uint8Array(8).fill(octet);

test("B35: the header of the first message: SPIs, no responder yet, version 2.0, exchange, flags, message ID, length", () => {
	const header = encodeIkeHeader({
		initiatorSpi: spi(0x11),
		responderSpi: spi(0),
		firstPayload: 33,
		version: 0x20,
		exchange: exchangeType.ikeSaInit,
		isInitiator: true,
		isResponse: false,
		messageId: 0,
		length: 28,
	});
	assert.equal(Buffer.from(header).toString("hex"), "1111111111111111000000000000000021202208000000000000001c");
});

test("what encodeIkeHeader writes, decodeIkeHeader reads", () => {
	fc.assert(
		fc.property(heads, fc.nat(255), (head, firstPayload) => {
			const header = { ...head, firstPayload, version: 0x20, length: ikeHeaderOctets };
			const decoded = decodeIkeHeader(encodeIkeHeader(header));
			assert.ok(decoded.kind === "done");
			assert.deepEqual(decoded.value, header);
		}),
	);
});

test("a length other than the datagram's is malformed, longer or shorter", () => {
	const header = { initiatorSpi: spi(1), responderSpi: spi(2), firstPayload: 0, version: 0x20, exchange: 37 };
	const rest = { isInitiator: false, isResponse: true, messageId: 7 };
	for (const length of [0, 27, 29, 0xffff_ffff])
		assert.equal(decodeIkeHeader(encodeIkeHeader({ ...header, ...rest, length })).kind, "malformed");
});

test("every prefix of a header is malformed: a datagram does not grow", () => {
	for (let end = 0; end < ikeHeaderOctets; end++) assert.equal(decodeIkeHeader(new Uint8Array(end)).kind, "malformed");
});
