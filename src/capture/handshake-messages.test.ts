import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { HandshakeMessages } from "#capture/handshake-messages.ts";

const message = (type: number, length: number) =>
	Uint8Array.of(type, length >> 16, (length >> 8) & 0xff, length & 0xff, ...new Uint8Array(length).fill(type));
const typesOf = (fragments: readonly Uint8Array[]) => {
	const messages = new HandshakeMessages();
	return fragments.flatMap((fragment) => messages.push(fragment).map((one) => `${one[0]}:${one.length}`));
};

test("messages are put together from fragments of any size", () => {
	const octets = concat([message(1, 0), message(2, 300), message(20, 12)]);
	for (const size of [1, 3, 5, 250, 400])
		assert.deepEqual(
			typesOf(
				Array.from({ length: Math.ceil(octets.length / size) }, (_, n) => octets.subarray(n * size, (n + 1) * size)),
			),
			["1:4", "2:304", "20:16"],
		);
});

test("a message that is too long is passed over, and the one behind it is read", () => {
	const octets = concat([message(11, 40_000), message(20, 12)]);
	assert.deepEqual(typesOf([octets.subarray(0, 100), octets.subarray(100, 30_000), octets.subarray(30_000)]), [
		"20:16",
	]);
});

test("no octets make it fail", () => {
	fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (parts) => void typesOf(parts)));
});
