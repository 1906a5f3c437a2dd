import assert from "node:assert/strict";
import { test } from "node:test";
import {
	encodeEspProposals,
	encodeIkeProposals,
	espProposal,
	ikeProposal,
	withAdditional,
} from "#ike/crypto/proposal.ts";
import { selectEspProposal, selectIkeProposal } from "#ike/crypto/select-proposal.ts";

const none = new Uint8Array(0);
const spi = Uint8Array.of(1, 2, 3, 4);
const strong = ikeProposal("aes-256-gcm", "sha-384", "group20");
const usual = ikeProposal("aes-128-cbc", "sha-256", "group14");
const old = ikeProposal("3des-cbc", "sha1", "group2");

test("B16: the first of the peer's four proposals that both accept is chosen, with its number", () => {
	const offered = encodeIkeProposals([old, usual, strong], none);
	const selection = selectIkeProposal(offered, [strong, usual], 0);
	assert.equal(selection?.chosen, usual);
	assert.equal(selection?.answer.number, 2);
	assert.equal(selectIkeProposal(offered, [ikeProposal("aes-192-cbc", "sha-256", "group14")], 0), undefined);
});

test("of a proposal with several transforms of a type one of each is chosen", () => {
	const [first] = encodeIkeProposals([usual], none);
	const many = { number: 1, protocol: 1, spi: none, transforms: [...(first?.transforms ?? [])] };
	many.transforms.unshift({ type: 1, id: 12, keyBits: 256 }, { type: 4, id: 19 });
	assert.deepEqual(selectIkeProposal([many], [usual], 0)?.answer.transforms, first?.transforms);
});

test("key lengths must be the same, and a transform with an unknown attribute is never chosen", () => {
	const [first] = encodeIkeProposals([usual], none);
	const strange = first?.transforms.map((one) =>
		one.type === 1 ? { ...one, hasUnknownAttribute: true as const } : one,
	);
	assert.equal(
		selectIkeProposal([{ number: 1, protocol: 1, spi: none, transforms: strange ?? [] }], [usual], 0),
		undefined,
	);
	const longer = first?.transforms.map((one) => (one.type === 1 ? { ...one, keyBits: 192 } : one));
	assert.equal(
		selectIkeProposal([{ number: 1, protocol: 1, spi: none, transforms: longer ?? [] }], [usual], 0),
		undefined,
	);
});

test("a type that we would leave unanswered makes a proposal unfit, unless NONE is among its transforms", () => {
	const esp = espProposal("aes-128-gcm", undefined);
	const [offer] = encodeEspProposals([espProposal("aes-128-gcm", undefined, "group14")], spi, true);
	assert.ok(offer !== undefined);
	assert.equal(selectEspProposal([offer], [esp], true), undefined);
	const optional = { ...offer, transforms: [...offer.transforms, { type: 4, id: 0 }] };
	assert.equal(selectEspProposal([optional], [esp], true)?.chosen, esp);
});

test("a proposal that says nothing of sequence numbers means those of 32 bits", () => {
	const esp = espProposal("aes-128-gcm", undefined);
	const [offer] = encodeEspProposals([esp], spi, false);
	const silent = {
		...(offer as NonNullable<typeof offer>),
		transforms: offer?.transforms.filter(({ type }) => type !== 5) ?? [],
	};
	assert.equal(selectEspProposal([silent], [esp], false)?.chosen, esp);
	const extended = espProposal("aes-128-gcm", undefined, undefined, true);
	assert.equal(selectEspProposal([silent], [extended], false), undefined);
});

test("AH, and an SPI of another length, are not chosen", () => {
	const esp = espProposal("aes-128-gcm", undefined);
	const [offer] = encodeEspProposals([esp], spi, false) as [ReturnType<typeof encodeEspProposals>[number]];
	assert.equal(selectEspProposal([{ ...offer, protocol: 2 }], [esp], false), undefined);
	assert.equal(selectEspProposal([{ ...offer, spi: new Uint8Array(8) }], [esp], false), undefined);
});

test("an additional key exchange that is offered beside NONE and not wanted is answered by NONE (RFC 9370 §2.2.1)", () => {
	const plain = ikeProposal("aes-256-gcm", "sha-256", "group19");
	const [offered] = encodeIkeProposals([withAdditional(plain, ["ml-kem-768", "ml-kem-512"])], new Uint8Array(0));
	assert.ok(offered !== undefined);
	assert.equal(selectIkeProposal([offered], [plain], 0), undefined);
	const optional = { ...offered, transforms: [...offered.transforms, { type: 6, id: 0 }, { type: 7, id: 0 }] };
	const chosen = (row: typeof plain) =>
		selectIkeProposal([optional], [row], 0)?.answer.transforms.filter(({ type }) => type >= 6);
	assert.deepEqual(chosen(plain), [
		{ type: 6, id: 0 },
		{ type: 7, id: 0 },
	]);
	assert.deepEqual(chosen(withAdditional(plain, ["ml-kem-768"])), [
		{ type: 6, id: 36 },
		{ type: 7, id: 0 },
	]);
	// Two of the same are not agreed to, and not what was offered in another place.
	assert.equal(chosen(withAdditional(plain, ["ml-kem-512"])), undefined);
});
