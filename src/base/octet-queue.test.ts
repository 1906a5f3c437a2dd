import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OctetQueue } from "#base/octet-queue.ts";

test("what is pushed comes out in order, and views do not change", () => {
	const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 700 }), fc.nat(900));
	fc.assert(
		fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
			const queue = new OctetQueue();
			let held: number[] = [];
			const views: [Uint8Array, number[]][] = [];
			for (const one of steps) {
				if (typeof one === "number") {
					const taken = queue.take(one);
					views.push([taken, held.slice(0, one)]);
					held = held.slice(one);
				} else {
					queue.push(one);
					held.push(...one);
				}
				views.push([queue.octets, [...held]]);
				assert.equal(queue.length, held.length);
			}
			for (const [view, expected] of views) assert.deepEqual([...view], expected);
		}),
	);
});

test("a piece that comes alone is not copied", () => {
	const queue = new OctetQueue();
	const piece = Uint8Array.of(1, 2, 3);
	queue.push(piece);
	assert.equal(queue.take(2).buffer, piece.buffer);
	assert.equal(queue.octets.buffer, piece.buffer);
});
