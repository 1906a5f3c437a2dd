import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "#base/token-bucket.ts";

test("a burst of a tenth of a second passes at once; what is beyond is waited off", () => {
	const bucket = new TokenBucket(1_000, 0);
	assert.equal(bucket.take(100, 0), 0);
	assert.equal(bucket.take(500, 0), 500);
	assert.equal(bucket.take(0, 500), 0);
	assert.equal(bucket.take(1, 500), 1);
});

test("a pause earns no more than the burst, and a clock that goes back earns nothing", () => {
	const bucket = new TokenBucket(1_000, 0);
	assert.equal(bucket.take(200, 1_000_000), 100);
	assert.equal(bucket.take(0, 5), 100);
});

test("whoever waits as it is told keeps to the rate, however the octets come", () => {
	const chunks = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 50 });
	fc.assert(
		fc.property(chunks, fc.integer({ min: 1_000, max: 10_000_000 }), (sizes, rate) => {
			const bucket = new TokenBucket(rate, 0);
			let now = 0;
			let sum = 0;
			for (const size of sizes) {
				now += bucket.take(size, now);
				sum += size;
			}
			assert.ok(sum <= (rate * now) / 1000 + rate / 10 + 1, `${sum} octets in ${now} ms at ${rate}`);
		}),
	);
});
