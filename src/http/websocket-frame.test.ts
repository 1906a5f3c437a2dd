/** Heads of frames against RFC 6455 §5.2 and §5.7, and the frame that closes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeWebSocketHead, encodeWebSocketClose, isCloseCode } from "#http/websocket-frame.ts";
import { frame } from "../../test/support/websocket.ts";

test("the frames of the RFC's examples are read", () => {
	const read = (hexadecimal: string) => {
		const decoded = decodeWebSocketHead(Buffer.from(hexadecimal.replaceAll(" ", ""), "hex"));
		assert.equal(decoded.kind, "done");
		return decoded;
	};
	assert.deepEqual(read("81 05 48").value, {
		isFinal: true,
		isCompressed: false,
		opcode: 1,
		isControl: false,
		key: undefined,
		length: 5,
	});
	assert.deepEqual([read("81 85 37 fa 21 3d 7f").value.key, read("81 85 37 fa 21 3d").octets], [0x37fa213d, 6]);
	assert.deepEqual([read("01 03").value.isFinal, read("80 02").value.opcode], [false, 0]);
	assert.deepEqual([read("89 05").value.isControl, read("c1 07").value.isCompressed], [true, true]);
	assert.equal(read("82 7e 0100").value.length, 256);
	assert.equal(read("82 7f 0000000000010000").value.length, 65_536);
});

test("F15: a head that only some readers would take is malformed", () => {
	for (const [hexadecimal, reason] of [
		["a1 00", /RSV2 or RSV3/],
		["91 00", /RSV2 or RSV3/],
		["83 00", /opcode 3/],
		["8b 00", /opcode 11/],
		["09 00", /control frame in fragments/],
		["c9 00", /control frame with RSV1/],
		["89 7e 0080", /more than 125/],
		["81 7e 007d", /longer than need be/],
		["81 7f 000000000000ffff", /longer than need be/],
		["81 7f 8000000000000000", /2\^53/],
		["81 7f 0020000000000000", /2\^53/],
	] as const) {
		const decoded = decodeWebSocketHead(Buffer.from(hexadecimal.replaceAll(" ", ""), "hex"));
		assert.ok(decoded.kind === "malformed", hexadecimal);
		assert.match(decoded.reason, reason);
	}
});

test("every prefix of a head needs more, and octets behind it are not read", () => {
	const lengths = fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000);
	fc.assert(
		fc.property(lengths, fc.boolean(), (length, isMasked) => {
			const octets = frame(new Uint8Array(length), isMasked ? { key: [1, 2, 3, 4] } : {});
			const head = octets.length - length;
			for (let cut = 0; cut < head; cut++) assert.equal(decodeWebSocketHead(octets.subarray(0, cut)).kind, "need-more");
			const decoded = decodeWebSocketHead(octets);
			assert.ok(decoded.kind === "done" && decoded.octets === head && decoded.value.length === length);
		}),
	);
});

test("random octets are answered and never throw", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 20 }), (octets) => {
			const decoded = decodeWebSocketHead(octets);
			if (decoded.kind === "done") assert.ok(decoded.octets <= Math.min(14, octets.length));
			if (decoded.kind === "need-more") assert.ok(octets.length < 14);
		}),
	);
});

test("a close frame has code and reason, and a long reason is cut between characters", () => {
	assert.deepEqual(encodeWebSocketClose(1_008, "no"), Buffer.from("880403f06e6f", "hex"));
	for (let before = 120; before < 124; before++) {
		const octets = encodeWebSocketClose(1_008, `${"x".repeat(before)}ä€𝄞${"y".repeat(200)}`);
		assert.ok(octets.length <= 127 && octets[1] === octets.length - 2);
		assert.doesNotMatch(Buffer.from(octets).toString("utf8", 4), /\ufffd/);
	}
});

test("codes that stand for the want of one may not be sent", () => {
	const allowed = [1_000, 1_003, 1_007, 1_014, 3_000, 4_999].every(isCloseCode);
	const refused = [0, 999, 1_004, 1_005, 1_006, 1_015, 2_999, 5_000].some(isCloseCode);
	assert.deepEqual([allowed, refused], [true, false]);
});
