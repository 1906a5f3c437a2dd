import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HandshakeFragments, maxGaps } from "#tls/handshake-fragments.ts";

const octets = (...values: number[]) => Uint8Array.from(values);

test("fragments in any order, twice and overlapping give the message", () => {
	const message = fc.uint8Array({ minLength: 1, maxLength: 200 });
	const cuts = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 60 })), { maxLength: 40 });
	fc.assert(
		fc.property(message, cuts, fc.nat(), (whole, fragments, seed) => {
			const gathered = new HandshakeFragments(1000);
			const all = fragments.map(([at, length]) => [at % whole.length, length] as const);
			for (let at = 0; at < whole.length; at += 7) all.splice((seed * (at + 1)) % (all.length + 1), 0, [at, 7]);
			for (const [at, length] of all) {
				assert.equal(gathered.add(at, whole.subarray(at, at + length)), undefined);
				assert.deepEqual([...gathered.beginning], [...whole.subarray(0, gathered.beginning.length)]);
			}
			assert.deepEqual([...gathered.beginning], [...whole]);
		}),
	);
});

test("an octet that comes again as another is a conflict, wherever it lies", () => {
	const gathered = new HandshakeFragments(100);
	assert.equal(gathered.add(0, octets(1, 2, 3)), undefined);
	assert.equal(gathered.add(6, octets(7, 8)), undefined);
	assert.equal(gathered.add(2, octets(9)), "conflict");
	assert.equal(gathered.add(2, octets(3, 4, 5, 6, 9)), "conflict");
	assert.equal(gathered.add(7, octets(9)), "conflict");
	assert.deepEqual([...gathered.beginning], [1, 2, 3]);
	assert.equal(gathered.add(2, octets(3, 4, 5, 6, 7, 8, 9)), undefined);
	assert.deepEqual([...gathered.beginning], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a fragment that reaches too far, and one gap too many, are refused", () => {
	const gathered = new HandshakeFragments(1000);
	assert.equal(gathered.add(999, octets(1)), undefined);
	assert.equal(gathered.add(999, octets(1, 2)), "too-far");
	const gaps = new HandshakeFragments(1000);
	for (let index = 0; index < maxGaps; index++) assert.equal(gaps.add(1 + index * 2, octets(7)), undefined);
	assert.equal(gaps.add(1 + maxGaps * 2, octets(7)), "too-many");
	assert.equal(gaps.add(1, octets(7)), undefined);
	assert.equal(gaps.add(0, octets(5)), undefined);
	assert.deepEqual([...gaps.beginning], [5, 7]);
});

test("random fragments never throw and stay within the bounds", () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(70), fc.uint8Array({ maxLength: 20 }))), (fragments) => {
			const gathered = new HandshakeFragments(64);
			for (const [at, value] of fragments) gathered.add(at, value);
			assert.ok(gathered.beginning.length <= 64);
		}),
	);
});
