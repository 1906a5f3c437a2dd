import assert from "node:assert/strict";
import { test } from "node:test";
import { describeGroup, groupOf, keyExchangeGroups } from "#tls/key-exchange-groups.ts";

test("codes ascend, names come once", () => {
	const codes = keyExchangeGroups.map(({ code }) => code);
	assert.deepEqual(
		codes,
		[...new Set(codes)].sort((a, b) => a - b),
	);
	assert.equal(new Set(keyExchangeGroups.map(({ name }) => name)).size, codes.length);
});

test("the hybrids and ML-KEM are post-quantum, nothing else is", () => {
	const names = keyExchangeGroups.filter(({ isPostQuantum }) => isPostQuantum).map(({ code }) => code);
	assert.deepEqual(names, [0x0200, 0x0201, 0x0202, 0x11eb, 0x11ec, 0x11ed, 0x6399]);
});

test("a group is described by its IANA name, an unknown one by its code point", () => {
	assert.equal(describeGroup(0x11ec), "X25519MLKEM768");
	assert.equal(describeGroup(0x0017), "secp256r1");
	assert.equal(groupOf(0x0017)?.opensslName, "P-256");
	assert.equal(describeGroup(0x2a2a), "0x2a2a");
});
