import assert from "node:assert/strict";
import { checkPrimeSync } from "node:crypto";
import { test } from "node:test";
import { modpParameters } from "#ike/crypto/modp-primes.ts";
import { groups } from "#ike/crypto/transform-table.ts";

test("each prime has the bits that its row says, and those that can be tested in time are primes", () => {
	for (const { kind, engine, publicOctets } of groups) {
		if (kind !== "modp") continue;
		const { prime } = modpParameters(engine);
		assert.equal(prime.length, publicOctets, engine);
		assert.ok(publicOctets > 256 || checkPrimeSync(prime, { checks: 1 }), engine);
	}
});

test("the order of group 24 is a prime that divides p - 1", () => {
	const { prime, order } = modpParameters("modp2048s256");
	assert.ok(order !== undefined && checkPrimeSync(order, { checks: 10 }));
	assert.equal((BigInt(`0x${Buffer.from(prime).toString("hex")}`) - 1n) % order, 0n);
});
