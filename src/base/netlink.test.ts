import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	decodeAttributes,
	decodeNetlink,
	encodeAttribute,
	encodeNetlink,
	type NetlinkMessage,
	netlinkFlag,
} from "#base/netlink.ts";

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

test("a request is a frame in the order of octets of the machine", () => {
	const request = { type: 0x1f, flags: netlinkFlag.answer, body: Uint8Array.of(1, 2, 3, 4) };
	assert.equal(hex(encodeNetlink(request, 7, true)), "14000000" + "1f000500" + "07000000" + "00000000" + "01020304");
	assert.equal(hex(encodeNetlink(request, 7, false)), "00000014" + "001f0005" + "00000007" + "00000000" + "01020304");
	assert.equal(hex(encodeAttribute(3, Uint8Array.of(9), true)), "0500" + "0300" + "09000000");
});

test("an answer tells its error with what the kernel says of it, behind the header of the request or all of it", () => {
	for (const isLittleEndian of [true, false])
		for (const isCapped of [true, false]) {
			const [answer] = decoded(refusal(isLittleEndian, isCapped), isLittleEndian);
			assert.deepEqual(answer, { kind: "answer", sequence: 5, errorNumber: 22, text: "no such thing" });
		}
});

test("a datagram may hold several messages; a list has an end", () => {
	const message = encodeNetlink({ type: 0x10, flags: 0, body: Uint8Array.of(1, 2, 3) }, 6, true);
	const end = encodeNetlink({ type: 3, flags: 0, body: new Uint8Array(4) }, 6, true);
	const whole = Buffer.concat([message, Buffer.alloc(1), message, Buffer.alloc(1), end]);
	assert.deepEqual(
		decoded(whole, true).map((one) => (one.kind === "message" ? [one.type, hex(one.body)] : one.kind)),
		[[0x10, "010203"], [0x10, "010203"], "end"],
	);
});

test("attributes are found by their type whatever bits tell of nesting; one that points past the end is malformed", () => {
	const octets = Buffer.concat([
		encodeAttribute(0x8012, Uint8Array.of(1), true),
		encodeAttribute(3, Uint8Array.of(2, 3), true),
	]);
	const attributes = decodeAttributes(octets, true);
	assert.ok(attributes.kind === "done");
	assert.deepEqual(
		[...attributes.value].map(([type, value]) => [type, hex(value)]),
		[
			[0x12, "01"],
			[3, "0203"],
		],
	);
	assert.equal(decodeAttributes(octets.subarray(0, 13), true).kind, "malformed");
});

test("whatever comes, nothing is read past its end, and a cut message is malformed", () => {
	const octets = refusal(true, false);
	for (let end = 1; end < octets.length; end++)
		assert.equal(decodeNetlink(octets.subarray(0, end), true).kind, "malformed", `${end} octets`);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, isLittleEndian) => {
			assert.notEqual(decodeNetlink(random, isLittleEndian).kind, "need-more");
			assert.notEqual(decodeAttributes(random, isLittleEndian).kind, "need-more");
		}),
	);
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), (at, value) => {
			const changed = octets.slice();
			changed[at] = value;
			decodeNetlink(changed, true);
		}),
	);
});

/** An answer to a request of 4 octets: EINVAL, and a text. */
function refusal(isLittleEndian: boolean, isCapped: boolean): Uint8Array {
	const request = encodeNetlink({ type: 0x10, flags: 0, body: new Uint8Array(4) }, 5, isLittleEndian);
	const text = encodeAttribute(1, Buffer.from("no such thing\0"), isLittleEndian);
	const body = Buffer.concat([Buffer.alloc(4), isCapped ? request.subarray(0, 16) : request, text]);
	new DataView(body.buffer, body.byteOffset).setInt32(0, -22, isLittleEndian);
	// The lowest bit is set in any case.
	return encodeNetlink({ type: 2, flags: isCapped ? 0x300 : 0x200, body }, 5, isLittleEndian);
}

function decoded(octets: Uint8Array, isLittleEndian: boolean): readonly NetlinkMessage[] {
	const found = decodeNetlink(octets, isLittleEndian);
	assert.ok(found.kind === "done", JSON.stringify(found));
	return found.value;
}
