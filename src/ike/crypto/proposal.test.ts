import assert from "node:assert/strict";
import { test } from "node:test";
import {
	describeProposal,
	encodeEspProposals,
	encodeIkeProposals,
	espProposal,
	ikeProposal,
} from "#ike/crypto/proposal.ts";

const none = new Uint8Array(0);

test("B20: a proposal for IKE offers cipher, PRF, integrity and group; a cipher that authenticates no integrity", () => {
	const [cbc, gcm] = encodeIkeProposals(
		[ikeProposal("aes-256-cbc", "sha-256", "group14"), ikeProposal("aes-128-gcm", "sha-384", "group20")],
		none,
	);
	assert.deepEqual(cbc, {
		number: 1,
		protocol: 1,
		spi: none,
		transforms: [
			{ type: 1, id: 12, keyBits: 256 },
			{ type: 2, id: 5 },
			{ type: 3, id: 12 },
			{ type: 4, id: 14 },
		],
	});
	assert.deepEqual(gcm?.number, 2);
	assert.deepEqual(gcm?.transforms, [
		{ type: 1, id: 20, keyBits: 128 },
		{ type: 2, id: 6 },
		{ type: 4, id: 20 },
	]);
});

test("a proposal for ESP names a group outside IKE_AUTH only, and always the kind of sequence numbers", () => {
	const proposal = espProposal("aes-128-cbc", "hmac-sha1-96", "group2");
	const typesOf = (withGroup: boolean) =>
		encodeEspProposals([proposal], none, withGroup)[0]?.transforms.map(({ type }) => type);
	assert.deepEqual(typesOf(false), [1, 3, 5]);
	assert.deepEqual(typesOf(true), [1, 3, 4, 5]);
});

test("a cipher without authentication needs an algorithm that authenticates", () => {
	assert.throws(() => espProposal("aes-128-cbc", undefined), RangeError);
	assert.throws(() => ikeProposal("aes-128-cbc", "sha-3", "group2"), RangeError);
});

test("a proposal is described by its algorithms", () => {
	assert.equal(
		describeProposal(ikeProposal("aes-256-cbc", "sha-256", "group14")),
		"aes-256-cbc/hmac-sha-256-128/hmac-sha256/group14",
	);
	assert.equal(describeProposal(espProposal("aes-128-gcm", undefined)), "aes-128-gcm");
});
