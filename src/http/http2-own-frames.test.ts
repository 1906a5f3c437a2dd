import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackEncoder } from "#http/hpack.ts";
import { blockFrames, dataHeader, frameName, goawayFrame, resetFrame, windowFrame } from "#http/http2-own-frames.ts";
import { Http2Peer } from "../../test/support/http2-peer.ts";

test("a large block is cut into frames that every receiver takes", () => {
	const receiver = new Http2Peer("client");
	const value = "~".repeat(40_000);
	receiver.receive(blockFrames(new HpackEncoder(4_096).encode([{ name: "x-a", value }]), 1, false));
	assert.equal(receiver.frames.length, 3);
	assert.equal(receiver.lines[0], `HEADERS 1 x-a=${value}`);
});

test("the header of a frame of DATA", () => {
	assert.equal(Buffer.from(dataHeader(0x010203, 0x7f00_0001, true)).toString("hex"), "01020300017f000001");
});

test("small frames", () => {
	const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");
	assert.equal(hex(resetFrame(3, 8)), "00000403000000000300000008");
	assert.equal(hex(windowFrame(0, 5)), "00000408000000000000000005");
	assert.equal(hex(goawayFrame(7, 11)), "0000080700000000000000000700" + "00000b");
	assert.deepEqual([frameName(8), frameName(0xfe)], ["WINDOW_UPDATE", "TYPE 254"]);
});
