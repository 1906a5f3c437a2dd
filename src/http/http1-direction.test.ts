import assert from "node:assert/strict";
import { test } from "node:test";
import { Http1Direction, inChunked, inEnd, inHead, inLength, inUntilClose } from "#http/http1-direction.ts";

const limits = { maxHeadOctets: 1_000, maxHeaders: 10, maxPipelined: 1 };

test("held octets are one run of octets, and are handed out once", () => {
	const side = new Http1Direction("request", limits);
	const octets = Buffer.from("0123456789".repeat(100));
	for (let at = 0; at < 900; at += 9) side.hold(octets, at, at + 9);
	assert.equal(side.heldLength, 900);
	assert.ok(side.held.length <= limits.maxHeadOctets, "never more than the limit is kept");
	side.release(890);
	assert.deepEqual(side.released, new Uint8Array(octets.subarray(0, 890)));
	assert.equal(side.heldLength, 0);
	side.hold(octets, 0, 5);
	assert.equal(side.released?.length, 890, "what was handed out does not change");
	assert.equal(side.released?.[0], 0x30);
});

test("a message that began in the chunk is taken back whole, an earlier one is not", () => {
	const side = new Http1Direction("response", limits);
	side.beginChunk();
	side.beginMessage(40);
	side.enterBody("length", 100);
	side.pass(90);
	assert.equal(side.isUnderWay, true);
	side.stop();
	assert.deepEqual([side.passed, side.state, side.isUnderWay], [40, "stopped", false]);

	const later = new Http1Direction("response", limits);
	later.beginMessage(0);
	later.enterBody("length", 100);
	later.beginChunk();
	later.pass(20);
	later.stop();
	assert.deepEqual([later.passed, later.state, later.isUnderWay], [20, "stopped", true]);
});

test("each framing has its phase", () => {
	const side = new Http1Direction("response", limits);
	const phase = (framing: "none" | "length" | "chunked" | "until-close") => {
		side.enterBody(framing, 3);
		return side.phase;
	};
	assert.deepEqual(
		[side.phase, phase("length"), phase("chunked"), phase("until-close"), phase("none")],
		[inHead, inLength, inChunked, inUntilClose, inEnd],
	);
	side.begin();
	assert.equal(side.isBetweenMessages, true);
});
