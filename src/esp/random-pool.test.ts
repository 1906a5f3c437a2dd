import assert from "node:assert/strict";
import { test } from "node:test";
import { RandomPool } from "#esp/random-pool.ts";

test("what is drawn is given once, and drawn again when it is used up", () => {
	let draws = 0;
	const pool = new RandomPool((octets) => {
		draws++;
		for (let index = 0; index < octets.length; index += 16)
			new DataView(octets.buffer).setUint32(index, draws * 65_536 + index);
	});
	const seen = new Set<string>();
	const octets = new Uint8Array(20);
	for (let index = 0; index < 5_000; index++) {
		pool.put(octets, 2, 16);
		seen.add(Buffer.from(octets).toString("hex"));
	}
	assert.deepEqual([seen.size, draws], [5_000, 2]);
	assert.deepEqual([octets[0], octets[1], octets[18]], [0, 0, 0]);
});
