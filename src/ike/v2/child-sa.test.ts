import assert from "node:assert/strict";
import { test } from "node:test";
import { childFrom, lowerNonce, spiNumber, spiOctets, spiText } from "#ike/v2/child-sa.ts";
import { childConfig } from "../../../test/support/ike-network.ts";

test("an SPI is the same as number, octets and text", () => {
	for (const spi of [256, 0x1234_5678, 0xffff_ffff]) assert.equal(spiNumber(spiOctets(spi)), spi);
	assert.equal(spiText(256), "00000100");
	const view = Uint8Array.of(9, 0x12, 0x34, 0x56, 0x78).subarray(1);
	assert.equal(spiNumber(view), 0x1234_5678);
});

test("nonces are compared octet by octet, and a beginning is lower than the whole", () => {
	const [low, high] = [Uint8Array.of(1, 255), Uint8Array.of(2)];
	assert.equal(lowerNonce(low, high), low);
	assert.equal(lowerNonce(high, low), low);
	assert.deepEqual(lowerNonce(Uint8Array.of(1, 0), Uint8Array.of(1)), Uint8Array.of(1));
});

test("a new child is installed, with the times of its keys", () => {
	const agreed = { config: childConfig("10.1.0.0/16", "10.2.0.0/16"), inboundSpi: 1, outboundSpi: 2 };
	const child = childFrom({ ...agreed, localSelectors: [], remoteSelectors: [] }, { softAt: 5, hardAt: 9 }, 3);
	assert.deepEqual([child.state, child.softAt, child.hardAt], ["installed", 5, 9]);
});
