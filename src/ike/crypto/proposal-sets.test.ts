import assert from "node:assert/strict";
import { test } from "node:test";
import { describeProposal } from "#ike/crypto/proposal.ts";
import { proposalSets, withForwardSecrecy } from "#ike/crypto/proposal-sets.ts";
import { proposalSets as setWords } from "#ike/ike-schema.ts";

test("B18: the predefined sets hold exactly these proposals, in this order", () => {
	const described = Object.entries(proposalSets).map(([name, { ike, esp }]) => [
		name,
		ike.map(describeProposal),
		esp.map(describeProposal),
	]);
	const sha1 = "hmac-sha1-96/hmac-sha1";
	const md5 = "hmac-md5-96/hmac-md5";
	assert.deepEqual(described, [
		[
			"standard",
			[`aes-128-cbc/${sha1}/group2`, `3des-cbc/${sha1}/group2`],
			["3des-cbc/hmac-sha1-96/group2", "aes-128-cbc/hmac-sha1-96/group2"],
		],
		[
			"compatible",
			[`3des-cbc/${sha1}/group2`, `3des-cbc/${md5}/group2`, `des-cbc/${sha1}/group2`, `des-cbc/${md5}/group2`],
			["3des-cbc/hmac-sha1-96", "3des-cbc/hmac-md5-96", "des-cbc/hmac-sha1-96", "des-cbc/hmac-md5-96"],
		],
		["basic", [`des-cbc/${sha1}/group1`, `des-cbc/${md5}/group1`], ["des-cbc/hmac-sha1-96", "des-cbc/hmac-md5-96"]],
		["suiteb-gcm-128", ["aes-128-cbc/hmac-sha-256-128/hmac-sha256/group19"], ["aes-128-gcm"]],
		["suiteb-gcm-256", ["aes-256-cbc/hmac-sha-384/hmac-sha384/group20"], ["aes-256-gcm"]],
	]);
});

test("B18: each set that the configuration names is there", () => {
	for (const word of Object.keys(setWords.words ?? {})) assert.ok(proposalSets[word] !== undefined, word);
});

test("B19: the group of the policy goes before that of the set", () => {
	const { esp } = proposalSets.standard as NonNullable<typeof proposalSets.standard>;
	assert.deepEqual(withForwardSecrecy(esp, "group14").map(describeProposal), [
		"3des-cbc/hmac-sha1-96/group14",
		"aes-128-cbc/hmac-sha1-96/group14",
	]);
});

test("weak sets hold only what is marked", () => {
	for (const name of ["basic", "compatible"])
		for (const { cipher } of proposalSets[name]?.ike ?? []) assert.notEqual(cipher.danger, undefined);
});
