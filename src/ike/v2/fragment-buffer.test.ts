import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Fragment, FragmentBuffer } from "#ike/v2/fragment-buffer.ts";

const part = (number: number, total: number, messageId = 1): Fragment => ({
	messageId,
	number,
	total,
	firstPayload: number === 1 ? 35 : 0,
	octets: Uint8Array.of(number),
});

test("fragments make the message in any order, with repetitions", () => {
	fc.assert(
		fc.property(
			fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 }),
			fc.constantFrom(1, 2, 3, 4, 5),
			(order, twice) => {
				const buffer = new FragmentBuffer();
				const answers = [...order.slice(0, 4), twice, ...order.slice(4)].map((number) => buffer.add(part(number, 5)));
				const whole = answers.find((answer) => answer !== undefined);
				assert.deepEqual(whole, { firstPayload: 35, octets: Uint8Array.of(1, 2, 3, 4, 5) });
			},
		),
	);
});

test("a message that is cut anew into more fragments replaces the attempt before; into fewer is passed over", () => {
	const buffer = new FragmentBuffer();
	buffer.add(part(1, 2));
	assert.equal(buffer.add(part(2, 3)), undefined);
	assert.equal(buffer.add(part(2, 2)), undefined);
	assert.equal(buffer.add(part(1, 3)), undefined);
	assert.deepEqual(buffer.add(part(3, 3))?.octets, Uint8Array.of(1, 2, 3));
});

test("fragments of another message begin anew", () => {
	const buffer = new FragmentBuffer();
	buffer.add(part(1, 2, 1));
	assert.equal(buffer.add(part(2, 2, 2)), undefined);
	assert.deepEqual(buffer.add(part(1, 2, 2))?.octets, Uint8Array.of(1, 2));
});

test("more than 64 fragments or 65,536 octets are not held", () => {
	const buffer = new FragmentBuffer();
	assert.equal(buffer.add(part(1, 65)), undefined);
	const large = { ...part(1, 2, 3), octets: new Uint8Array(40_000) };
	assert.equal(buffer.add(large), undefined);
	assert.equal(buffer.add({ ...large, number: 2 }), undefined);
});
