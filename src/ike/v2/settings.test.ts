import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSettings } from "#ike/v2/settings.ts";

test("B14: a request is sent five times more, over about a minute", () => {
	const { first, longest, times } = defaultSettings.retransmit;
	assert.equal(times, 5);
	const total = Array.from({ length: times + 1 }, (_, index) => Math.min(longest, first * 2 ** index)).reduce(
		(a, b) => a + b,
	);
	assert.ok(total >= 45_000 && total <= 90_000, `${total}`);
});

test("cookies are asked for long before strangers are not answered any more", () => {
	assert.ok(defaultSettings.cookieThreshold * 4 <= defaultSettings.maxHalfOpen);
});
