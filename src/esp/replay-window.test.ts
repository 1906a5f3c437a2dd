import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReplayWindow } from "#esp/replay-window.ts";

/** Takes the numbers one after the other; those that were accepted. */
const accepted = (size: number, numbers: readonly number[]) => {
	const window = new ReplayWindow(size);
	return numbers.filter((number) => {
		const isNew = window.mayAccept(number);
		if (isNew) window.accept(number);
		return isNew;
	});
};

test("B44: a number is accepted once, in any order within the window", () => {
	assert.deepEqual(accepted(64, [1, 2, 2, 5, 3, 4, 3, 5, 1]), [1, 2, 5, 3, 4]);
});

test("B44: with a window of 32 or 64 the number just within is accepted, the one before it not", () => {
	for (const size of [32, 64, 1_024]) {
		assert.deepEqual(accepted(size, [5_000, 5_000 - size + 1, 5_000 - size]), [5_000, 5_000 - size + 1]);
	}
});

test("B44: 0 switches the check off", () => {
	assert.deepEqual(accepted(0, [7, 7, 1, 7]), [7, 7, 1, 7]);
});

test("zero is never accepted, and a jump of any width forgets what is behind", () => {
	assert.deepEqual(accepted(64, [0, 10, 1_000_000, 999_999, 10, 2 ** 40, 2 ** 40 - 63, 2 ** 40 - 64]), [
		10,
		1_000_000,
		999_999,
		2 ** 40,
		2 ** 40 - 63,
	]);
});

test("it says the same as a list of all numbers seen", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(32, 64, 128),
			fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 400 }),
			(size, numbers) => {
				const seen = new Set<number>();
				let highest = 0;
				const expected = numbers.filter((number) => {
					if (seen.has(number) || highest - number >= size) return false;
					seen.add(number);
					highest = Math.max(highest, number);
					return true;
				});
				assert.deepEqual(accepted(size, numbers), expected);
			},
		),
	);
});

test("a window that is not of whole words, or too large, is a mistake", () => {
	for (const size of [1, 33, 8_192]) assert.throws(() => new ReplayWindow(size), RangeError);
});
