import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeXfrmEvent } from "#esp/xfrm-event.ts";
import { xfrmType } from "#esp/xfrm-structures.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

const event = (type: number, body: Uint8Array) => decodeXfrmEvent({ kind: "message", sequence: 0, type, body }, true);

test("B32: a wish tells the device by its mark, the packet, the ends and the number of what is pending", () => {
	const decoded = event(xfrmType.acquire, xfrmCapture("acquire"));
	assert.ok(decoded.kind === "done" && decoded.value.kind === "acquire");
	const { mark, packet, source, destination, sequence } = decoded.value;
	assert.equal(mark, 0x5a13_0007);
	assert.deepEqual([source.join("."), destination.join(".")], ["127.0.0.1", "127.157.0.7"]);
	assert.deepEqual(
		[packet.source, packet.destination].map((end) => end.address.octets.join(".")),
		["10.1.0.1", "10.2.0.9"],
	);
	assert.ok(sequence > 0);
});

test("B7: an end tells its association and whether it is gone", () => {
	const octets = xfrmCapture("softExpire");
	const expected = { kind: "expire", spi: 0x9abc_def0, requestId: 0x5a14_0000, isHard: false };
	assert.deepEqual(event(xfrmType.expire, octets), { kind: "done", value: expected, octets: octets.length });
	octets[224] = 1;
	const hard = event(xfrmType.expire, octets);
	assert.ok(hard.kind === "done" && hard.value.kind === "expire" && hard.value.isHard);
	assert.deepEqual(event(0x50, octets), { kind: "done", value: { kind: "other" }, octets: octets.length });
});

test("what is shorter is malformed; whatever comes, nothing is read past the end", () => {
	for (const [type, octets, least] of [
		[xfrmType.acquire, xfrmCapture("acquire"), 280],
		[xfrmType.expire, xfrmCapture("softExpire"), 232],
	] as const) {
		for (let end = 0; end < least; end++) assert.equal(event(type, octets.subarray(0, end)).kind, "malformed");
		fc.assert(
			fc.property(fc.nat(octets.length - 1), fc.nat(255), (at, value) => {
				const changed = octets.slice();
				changed[at] = value;
				assert.notEqual(event(type, changed).kind, "need-more");
			}),
		);
	}
	fc.assert(
		fc.property(
			fc.uint8Array({ maxLength: 400 }),
			fc.constantFrom(xfrmType.acquire, xfrmType.expire),
			(octets, type) => {
				assert.notEqual(event(type, octets).kind, "need-more");
			},
		),
	);
});
