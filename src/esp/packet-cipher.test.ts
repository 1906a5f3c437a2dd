import assert from "node:assert/strict";
import { test } from "node:test";
import { plainMemory } from "#base/packet-memory.ts";
import { knownAnswers } from "#esp/known-answers.ts";
import { cipherKey, nodeCiphers, tagOctetsOf } from "#esp/packet-cipher.ts";

test("single DES is three times the same key", () => {
	assert.deepEqual([...cipherKey(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 8)].length, 24);
	assert.equal(cipherKey(new Uint8Array(36), 32).length, 32);
});

test("the check value is the cipher's own, or that of what authenticates besides", () => {
	assert.deepEqual(
		knownAnswers.map(({ protection }) => tagOctetsOf(protection)),
		[16, 16, 12, 16, 12],
	);
});

test("what is not authentic leaves the packet as it came (B76)", () => {
	const memory = plainMemory(1_000);
	for (const { protection, encryption, integrity, packet } of knownAnswers) {
		const octets = (hex: string) => Buffer.from(hex.replace(/\s/g, ""), "hex");
		const keys = { encryption: octets(encryption), integrity: octets(integrity) };
		const changed = octets(packet);
		changed[5] = (changed[5] as number) ^ 1;
		memory.octets.set(changed, 300);
		const end = 300 + changed.length - tagOctetsOf(protection);
		assert.ok(!nodeCiphers(memory).open(protection, keys, "inbound").open(300, end, 0));
		assert.ok(changed.equals(memory.octets.subarray(300, 300 + changed.length)));
	}
});
