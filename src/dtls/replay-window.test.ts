import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReplayWindow } from "#dtls/replay-window.ts";

test("each number is taken once, and none that is older than 64 behind the newest", () => {
	fc.assert(
		fc.property(fc.array(fc.nat(200), { maxLength: 300 }), fc.nat(2 ** 40), (numbers, base) => {
			const window = new ReplayWindow();
			const taken = new Set<number>();
			let newest = -1;
			for (const number of numbers.map((one) => one + base)) {
				const isExpected = !taken.has(number) && number > newest - 64;
				assert.equal(window.isFresh(number), isExpected);
				if (!isExpected) continue;
				window.mark(number);
				taken.add(number);
				newest = Math.max(newest, number);
			}
		}),
		{ numRuns: 500 },
	);
});
