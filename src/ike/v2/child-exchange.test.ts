import assert from "node:assert/strict";
import { test } from "node:test";
import { beginKeyExchange } from "#ike/crypto/agree-key.ts";
import { espProposal } from "#ike/crypto/proposal.ts";
import { groupNamed } from "#ike/crypto/transform-table.ts";
import {
	answerChildOffer,
	type ChildAgreement,
	type ChildOffer,
	encodeChildOffer,
	isRefusal,
	readChildAnswer,
} from "#ike/v2/child-exchange.ts";
import { selectorText } from "#ike/v2/narrow-selectors.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { childConfig } from "../../../test/support/ike-network.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const random = seededRandom("child");
const ours = childConfig("10.1.0.0/16", "10.2.0.0/16");
const theirs = childConfig("10.2.0.0/16", "10.1.0.0/16");
const own = { spi: Uint8Array.of(9, 9, 9, 9), random };

const offerOf = (config = ours, more: Partial<ChildOffer> = {}): ChildOffer => ({
	config,
	spi: Uint8Array.of(1, 2, 3, 4),
	localSelectors: config.localSelectors,
	remoteSelectors: config.remoteSelectors,
	...more,
});

function agreed(value: ReturnType<typeof answerChildOffer>) {
	assert.ok(!isRefusal(value), JSON.stringify(value));
	return value;
}

const textOf = ({ localSelectors, remoteSelectors }: ChildAgreement) =>
	[localSelectors, remoteSelectors].map((all) => all.map(selectorText).join());

test("B28: what is local to one end is remote to the other; both come to the same agreement", () => {
	const offer = offerOf();
	const answer = agreed(answerChildOffer([theirs], encodeChildOffer(offer), own));
	assert.deepEqual(textOf(answer.agreement), ["10.2.0.0-10.2.255.255", "10.1.0.0-10.1.255.255"]);
	const read = readChildAnswer(offer, answer.payloads);
	assert.ok(!isRefusal(read));
	assert.deepEqual(textOf(read), ["10.1.0.0-10.1.255.255", "10.2.0.0-10.2.255.255"]);
	assert.deepEqual([read.inboundSpi, read.outboundSpi], [offer.spi, own.spi]);
});

test("B11: a responder narrows a wider offer to what it is for", () => {
	const wide = childConfig("0.0.0.0/0", "0.0.0.0/0");
	const offer = offerOf(wide);
	const answer = agreed(answerChildOffer([theirs], encodeChildOffer(offer), own));
	const read = readChildAnswer(offer, answer.payloads);
	assert.ok(!isRefusal(read));
	assert.deepEqual(textOf(read), ["10.1.0.0-10.1.255.255", "10.2.0.0-10.2.255.255"]);
});

test("B31: proxy identities that do not match are refused with what was asked for", () => {
	const answer = answerChildOffer([childConfig("10.9.0.0/16", "10.1.0.0/16")], encodeChildOffer(offerOf()), own);
	assert.ok(isRefusal(answer));
	assert.equal(answer.notify, notifyType.TS_UNACCEPTABLE);
	assert.match(answer.text, /10\.1\.0\.0-10\.1\.255\.255 to 10\.2\.0\.0-10\.2\.255\.255/);
});

test("without a common proposal, and with the wrong group, the offer is refused", () => {
	const cbc = childConfig("10.2.0.0/16", "10.1.0.0/16", { proposals: [espProposal("aes-128-cbc", "hmac-sha1-96")] });
	const none = answerChildOffer([cbc], encodeChildOffer(offerOf()), own);
	assert.ok(isRefusal(none) && none.notify === notifyType.NO_PROPOSAL_CHOSEN);
	const withGroup = (config: typeof ours) => ({
		...config,
		proposals: [espProposal("aes-256-gcm", undefined, "group19")],
	});
	const nonce = random(32);
	const offer = offerOf(withGroup(ours), { nonce, exchange: beginKeyExchange(groupNamed("group20"), random) });
	const wrong = answerChildOffer([withGroup(theirs)], encodeChildOffer(offer), { ...own, nonce: random(32) });
	assert.ok(isRefusal(wrong) && wrong.notify === notifyType.INVALID_KE_PAYLOAD);
	assert.deepEqual(wrong.data, Uint8Array.of(0, 19));
});

test("B29: with forward secrecy both ends come to the same secret", () => {
	const proposals = [espProposal("aes-256-gcm", undefined, "group31")];
	const nonce = random(32);
	const exchange = beginKeyExchange(groupNamed("group31"), random);
	const offer = offerOf({ ...ours, proposals }, { nonce, exchange });
	const answer = agreed(
		answerChildOffer([{ ...theirs, proposals }], encodeChildOffer(offer), { ...own, nonce: random(32) }),
	);
	const read = readChildAnswer(offer, answer.payloads);
	assert.ok(!isRefusal(read));
	assert.equal(read.secret.length, 32);
	assert.deepEqual(Buffer.from(read.secret), Buffer.from(answer.agreement.secret));
});

test("an answer that widens, changes the proposal or brings another group is not accepted", () => {
	const offer = offerOf();
	const answer = agreed(answerChildOffer([theirs], encodeChildOffer(offer), own));
	const changed = (type: string, value: object) =>
		readChildAnswer(
			offer,
			answer.payloads.map((one) => (one.type === type ? ({ ...one, ...value } as never) : one)),
		);
	const wide = childConfig("0.0.0.0/0", "0.0.0.0/0").localSelectors;
	const widened = changed("ts-initiator", { selectors: wide });
	assert.ok(isRefusal(widened) && widened.notify === notifyType.TS_UNACCEPTABLE);
	const other = encodeChildOffer(
		offerOf(childConfig("10.1.0.0/16", "10.2.0.0/16", { proposals: [espProposal("aes-128-gcm", undefined)] })),
	);
	const switched = changed("sa", { proposals: other[0]?.type === "sa" ? other[0].proposals : [] });
	assert.ok(isRefusal(switched) && switched.notify === notifyType.NO_PROPOSAL_CHOSEN);
	assert.ok(isRefusal(readChildAnswer(offer, [])));
});
