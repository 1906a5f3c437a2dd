import assert from "node:assert/strict";
import { test } from "node:test";
import { describeOffer } from "#ike/crypto/describe-offer.ts";
import {
	describeProposal,
	encodeEspProposals,
	encodeIkeProposals,
	espProposal,
	ikeProposal,
} from "#ike/crypto/proposal.ts";

const none = new Uint8Array(0);

test("B70: an offer reads as our own proposals do", () => {
	const ike = [ikeProposal("aes-256-cbc", "sha-256", "group14"), ikeProposal("aes-128-gcm", "sha-384", "group19")];
	assert.equal(describeOffer(encodeIkeProposals(ike, none)), ike.map(describeProposal).join(", "));
	const esp = [espProposal("3des-cbc", "hmac-md5-96", "group2")];
	assert.equal(describeOffer(encodeEspProposals(esp, none, true)), "3des-cbc/hmac-md5-96/group2");
});

test("alternatives are joined; what is not known is told by its numbers; a long offer is cut", () => {
	const transforms = [
		{ type: 1, id: 12, keyBits: 256 },
		{ type: 1, id: 12, keyBits: 128 },
		{ type: 1, id: 77, keyBits: 128 },
		{ type: 3, id: 12 },
	];
	const one = { number: 1, protocol: 1, spi: none, transforms };
	assert.equal(describeOffer([one]), "aes-256-cbc+aes-128-cbc+1:77:128/hmac-sha-256-128");
	assert.match(describeOffer(Array.from({ length: 10 }, () => one)), /, and 2 more$/);
});
