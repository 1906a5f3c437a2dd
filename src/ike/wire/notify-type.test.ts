import assert from "node:assert/strict";
import { test } from "node:test";
import { isNotifyError, notifyName, notifyType } from "#ike/wire/notify-type.ts";

test("each type has a number of its own, and the number its name", () => {
	const numbers = Object.values(notifyType);
	assert.equal(new Set(numbers).size, numbers.length);
	for (const [name, number] of Object.entries(notifyType)) assert.equal(notifyName(number), name);
	assert.equal(notifyName(40_999), "notify 40999");
});

test("types below 16,384 tell errors", () => {
	assert.ok(isNotifyError(notifyType.NO_PROPOSAL_CHOSEN) && isNotifyError(16_383));
	assert.ok(!isNotifyError(notifyType.COOKIE) && !isNotifyError(16_384));
});
