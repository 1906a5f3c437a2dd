import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { internetChecksum } from "#esp/header-words.ts";
import { type EchoMark, encodeEchoRequest, readEchoReply } from "#ike/echo.ts";

const mark: EchoMark = { identifier: 0x1234, token: Uint8Array.from({ length: 16 }, (_, at) => at) };
const header = Uint8Array.from([0x45, ...new Uint8Array(19)]);

/** The answer to a request, as a raw socket gives it. */
function answered(family: 4 | 6, request: Uint8Array): Uint8Array {
	const reply = Uint8Array.from(request);
	reply[0] = family === 4 ? 0 : 129;
	return family === 4 ? Uint8Array.of(...header, ...reply) : reply;
}

test("B52: an echo request is what RFC 792 draws, with a checksum for IPv4", () => {
	const request = encodeEchoRequest(4, mark, 7);
	assert.deepEqual([...request.subarray(0, 2), ...request.subarray(4, 8)], [8, 0, 0x12, 0x34, 0, 7]);
	assert.equal(internetChecksum(request), 0);
	assert.equal(encodeEchoRequest(6, mark, 7)[0], 128);
});

test("only the answer with identifier and token counts, of its family", () => {
	for (const family of [4, 6] as const) {
		const reply = answered(family, encodeEchoRequest(family, mark, 65_537));
		assert.equal(readEchoReply(family, mark, reply), 1);
		assert.equal(readEchoReply(family, { ...mark, identifier: 1 }, reply), undefined);
		assert.equal(readEchoReply(family, { ...mark, token: new Uint8Array(16) }, reply), undefined);
		assert.equal(readEchoReply(family, mark, reply.subarray(0, reply.length - 1)), undefined);
		assert.equal(readEchoReply(family, mark, encodeEchoRequest(family, mark, 1)), undefined);
	}
	fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => readEchoReply(4, mark, octets) === undefined));
});
