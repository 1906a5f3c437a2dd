import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "#base/crc32c.ts";

test("the checksums of RFC 3720 B.4 and the check value of the catalogue come out", () => {
	const rising = Uint8Array.from({ length: 32 }, (_, index) => index);
	assert.equal(crc32c(Buffer.from("123456789")), 0xe306_9283);
	assert.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
	assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
	assert.equal(crc32c(rising), 0x46dd_794e);
	assert.equal(crc32c(rising.toReversed()), 0x113f_db5c);
	assert.equal(crc32c(), 0);
});

test("the same octets in parts have the same checksum", () => {
	assert.equal(crc32c(Buffer.from("1234"), Buffer.from(""), Buffer.from("56789")), 0xe306_9283);
});
