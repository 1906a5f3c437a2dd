import assert from "node:assert/strict";
import { test } from "node:test";
import { GuessLimit } from "#ike/v2/guess-limit.ts";
import { addressOf } from "../../../test/support/ike-network.ts";

const address = addressOf("203.0.113.7");

test("after five wrong passwords an address waits a minute, after each further one twice as long, an hour at most", () => {
	const limit = new GuessLimit();
	let now = 0;
	for (let count = 0; count < 5; count++) {
		assert.ok(limit.mayTry(address, now));
		limit.failed(address, now);
	}
	for (const wait of [60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000]) {
		assert.ok(!limit.mayTry(address, now + wait - 1), String(wait));
		now += wait;
		assert.ok(limit.mayTry(address, now));
		limit.failed(address, now);
	}
	assert.ok(limit.mayTry(addressOf("203.0.113.8"), now));
});

test("a day later the address has its five tries again", () => {
	const limit = new GuessLimit();
	for (let count = 0; count < 9; count++) limit.failed(address, 0);
	const later = 86_400_000;
	limit.failed(address, later);
	assert.ok(limit.mayTry(address, later));
});

test("who has a network of IPv6 has no more tries than who has an address", () => {
	const limit = new GuessLimit();
	for (let count = 0; count < 5; count++) limit.failed(addressOf(`2001:db8:1:2::${count + 1}`), 0);
	assert.ok(!limit.mayTry(addressOf("2001:db8:1:2:ffff::9"), 1));
	assert.ok(limit.mayTry(addressOf("2001:db8:1:3::1"), 1));
});
