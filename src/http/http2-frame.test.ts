import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	decodeFrame,
	encodeFrame,
	errorCodes,
	type Frame,
	FrameHeader,
	frameHeaderOctets,
	minFrameOctets,
	noPadding,
	readFrameHeader,
} from "#http/http2-frame.ts";

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const priority = { isExclusive: true, dependsOn: 3, weight: 256 };

/** Frames as RFC 9113 §6 draws them, field by field. */
const vectors: readonly [hex: string, frame: Frame][] = [
	[
		"000003 00 01 00000001 616263",
		{ type: "data", stream: 1, isEndStream: true, data: octets("616263"), padding: noPadding },
	],
	[
		"000006 00 08 00000001 02 616263 0000",
		{ type: "data", stream: 1, isEndStream: false, data: octets("616263"), padding: 2 },
	],
	["000001 00 08 00000001 00", { type: "data", stream: 1, isEndStream: false, data: octets(""), padding: 0 }],
	[
		"000001 01 05 00000003 82",
		{
			type: "headers",
			stream: 3,
			isEndStream: true,
			isEndHeaders: true,
			priority: undefined,
			fragment: octets("82"),
			padding: noPadding,
		},
	],
	[
		"000008 01 28 00000003 01 80000003 ff 82 00",
		{
			type: "headers",
			stream: 3,
			isEndStream: false,
			isEndHeaders: false,
			priority,
			fragment: octets("82"),
			padding: 1,
		},
	],
	["000005 02 00 00000005 80000003 ff", { type: "priority", stream: 5, priority }],
	["000004 03 00 00000005 00000008", { type: "rst-stream", stream: 5, errorCode: errorCodes.cancel }],
	[
		"00000c 04 00 00000000 0003 00000064 0004 7fffffff",
		{
			type: "settings",
			isAck: false,
			settings: [
				{ id: 3, value: 100 },
				{ id: 4, value: 0x7fff_ffff },
			],
		},
	],
	["000000 04 01 00000000", { type: "settings", isAck: true, settings: [] }],
	[
		"000006 05 04 00000001 00000002 8284",
		{
			type: "push-promise",
			stream: 1,
			promisedStream: 2,
			isEndHeaders: true,
			fragment: octets("8284"),
			padding: noPadding,
		},
	],
	[
		"000008 05 08 00000001 01 00000002 8284 00",
		{ type: "push-promise", stream: 1, promisedStream: 2, isEndHeaders: false, fragment: octets("8284"), padding: 1 },
	],
	["000008 06 01 00000000 0102030405060708", { type: "ping", isAck: true, data: octets("0102030405060708") }],
	[
		"00000b 07 00 00000000 7fffffff 0000000b 627965",
		{ type: "goaway", lastStream: 0x7fff_ffff, errorCode: errorCodes.enhanceYourCalm, debug: octets("627965") },
	],
	["000004 08 00 00000000 7fffffff", { type: "window-update", stream: 0, increment: 0x7fff_ffff }],
	[
		"000001 09 04 7fffffff 82",
		{ type: "continuation", stream: 0x7fff_ffff, isEndHeaders: true, fragment: octets("82") },
	],
	["000002 fe 9d 00000000 0102", { type: "extension", code: 0xfe, flags: 0x9d, stream: 0, payload: octets("0102") }],
];

for (const [hex, frame] of vectors) {
	test(`decoded and encoded: ${frame.type} ${hex}`, () => {
		const bytes = octets(hex);
		assert.deepEqual(decodeFrame(bytes, minFrameOctets), { kind: "done", value: frame, octets: bytes.length });
		assert.deepEqual(encodeFrame(frame), bytes);
		for (let end = 0; end < bytes.length; end++) {
			assert.deepEqual(decodeFrame(bytes.subarray(0, end), minFrameOctets), { kind: "need-more" }, `${end} octets`);
		}
		const followed = new Uint8Array([...bytes, 1, 2, 3]);
		assert.deepEqual(decodeFrame(followed, minFrameOctets), { kind: "done", value: frame, octets: bytes.length });
	});
}

test("the reserved bits before a stream and an increment are ignored", () => {
	const answer = decodeFrame(octets("000004 08 00 80000001 80000005"), minFrameOctets);
	assert.deepEqual(answer.kind === "done" && answer.value, { type: "window-update", stream: 1, increment: 5 });
});

const { protocolError, frameSizeError, flowControlError } = errorCodes;

/** RFC 9113 §6: what makes each frame an error, of what kind, and how far it reaches. */
const wrong: readonly [hex: string, errorCode: number, scope: "connection" | "stream"][] = [
	["000003 00 00 00000000 616263", protocolError, "connection"],
	["000002 00 08 00000001 02 61", protocolError, "connection"],
	["000000 00 08 00000001", protocolError, "connection"],
	["000001 01 04 00000000 82", protocolError, "connection"],
	["000001 01 20 00000001 82", frameSizeError, "connection"],
	["000005 01 28 00000001 00 80000003", frameSizeError, "connection"],
	["000002 01 08 00000001 05 82", protocolError, "connection"],
	["000007 01 28 00000001 02 80000003 10 82", protocolError, "connection"],
	["000005 02 00 00000000 00000001 01", protocolError, "connection"],
	["000004 02 00 00000001 00000001", frameSizeError, "stream"],
	["000004 03 00 00000000 00000008", protocolError, "connection"],
	["000003 03 00 00000001 000008", frameSizeError, "connection"],
	["000005 03 00 00000001 0000000800", frameSizeError, "connection"],
	["000000 04 00 00000001", protocolError, "connection"],
	["000005 04 00 00000000 0003000000", frameSizeError, "connection"],
	["000006 04 01 00000000 000300000064", frameSizeError, "connection"],
	["000006 04 00 00000000 000200000002", protocolError, "connection"],
	["000006 04 00 00000000 000480000000", flowControlError, "connection"],
	["000006 04 00 00000000 000500003fff", protocolError, "connection"],
	["000006 04 00 00000000 000501000000", protocolError, "connection"],
	["000006 04 00 00000000 000800000002", protocolError, "connection"],
	["000005 05 04 00000000 0000000282", protocolError, "connection"],
	["000003 05 04 00000001 000000", frameSizeError, "connection"],
	["000004 05 0c 00000001 00000000", frameSizeError, "connection"],
	["000005 05 04 00000001 0000000082", protocolError, "connection"],
	["000006 05 0c 00000001 02 00000002 82", protocolError, "connection"],
	["000008 06 00 00000001 0000000000000000", protocolError, "connection"],
	["000007 06 00 00000000 00000000000000", frameSizeError, "connection"],
	["000009 06 00 00000000 000000000000000000", frameSizeError, "connection"],
	["000008 07 00 00000001 0000000000000000", protocolError, "connection"],
	["000007 07 00 00000000 00000000000000", frameSizeError, "connection"],
	["000003 08 00 00000001 000001", frameSizeError, "connection"],
	["000004 08 00 00000000 00000000", protocolError, "connection"],
	["000004 08 00 00000001 80000000", protocolError, "stream"],
	["000001 09 04 00000000 82", protocolError, "connection"],
	["004001 00 00 00000001", frameSizeError, "stream"],
	["004001 01 00 00000001", frameSizeError, "connection"],
	["004001 04 00 00000000", frameSizeError, "connection"],
	["004001 09 00 00000001", frameSizeError, "connection"],
	["004001 fe 00 00000001", frameSizeError, "connection"],
];

for (const [hex, errorCode, scope] of wrong) {
	test(`refused: ${hex}`, () => {
		const answer = decodeFrame(octets(hex), minFrameOctets);
		assert.ok(answer.kind === "malformed" && "errorCode" in answer);
		assert.deepEqual([answer.errorCode, answer.scope], [errorCode, scope], answer.reason);
	});
}

test("a frame of the largest size is read, one octet more is refused", () => {
	const frame: Frame = {
		type: "data",
		stream: 1,
		isEndStream: false,
		data: new Uint8Array(20_000),
		padding: noPadding,
	};
	const bytes = encodeFrame(frame);
	assert.deepEqual(decodeFrame(bytes, 20_000), { kind: "done", value: frame, octets: bytes.length });
	assert.equal(decodeFrame(bytes, 19_999).kind, "malformed");
});

test("a header is read where it lies", () => {
	const header = new FrameHeader();
	const bytes = octets("ffff 0a0b0c 0d 0e ff000001 ffff");
	assert.equal(readFrameHeader(bytes, 2, 10, header), false);
	assert.equal(readFrameHeader(bytes, 2, 11, header), true);
	assert.deepEqual({ ...header }, { length: 0x0a0b0c, type: 0x0d, flags: 0x0e, stream: 0x7f00_0001 });
});

test("random octets and mutated frames never throw, and what decodes is encoded to frames that decode alike", () => {
	const mutated = fc
		.tuple(fc.constantFrom(...vectors), fc.array(fc.tuple(fc.nat(30), fc.nat(255)), { maxLength: 4 }))
		.map(([[hex], changes]) => {
			const bytes = octets(hex);
			for (const [at, octet] of changes) if (at < bytes.length) bytes[at] = octet;
			return bytes;
		});
	fc.assert(
		fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
			const answer = decodeFrame(bytes, minFrameOctets);
			if (answer.kind !== "done") return;
			assert.ok(answer.octets <= bytes.length && answer.octets >= frameHeaderOctets);
			assert.deepEqual(decodeFrame(encodeFrame(answer.value), minFrameOctets), answer);
		}),
		{ numRuns: 5_000 },
	);
});
