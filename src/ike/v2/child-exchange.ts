/**
 * What both ends say to agree on a child association: in IKE_AUTH without nonces and key exchange of its own, in
 * CREATE_CHILD_SA with them (RFC 7296 §1.2, §1.3, §2.9).
 */
import { answerKeyExchange, type KeyExchange, type RandomOctets } from "#ike/crypto/agree-key.ts";
import { describeOffer } from "#ike/crypto/describe-offer.ts";
import { describeProposal, type EspProposal, encodeEspProposals } from "#ike/crypto/proposal.ts";
import { selectEspProposal } from "#ike/crypto/select-proposal.ts";
import type { ChildConfig } from "#ike/v2/connection.ts";
import { isWithin, narrowSelectors, selectorText } from "#ike/v2/narrow-selectors.ts";
import { isNotifyError, notifyName, notifyType } from "#ike/wire/notify-type.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

/** What this end has asked for. */
export interface ChildOffer {
	readonly config: ChildConfig;
	/** At which this end will receive. */
	readonly spi: Uint8Array;
	/** Absent in IKE_AUTH. */
	readonly nonce?: Uint8Array;
	readonly exchange?: KeyExchange;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
}

/** What was agreed; keys follow from it. */
export interface ChildAgreement {
	readonly config: ChildConfig;
	readonly proposal: EspProposal;
	readonly inboundSpi: Uint8Array;
	readonly outboundSpi: Uint8Array;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
	/** Secret of an exchange of its own; empty without one. */
	readonly secret: Uint8Array;
	/** Those of further exchanges, once they are done (RFC 9370). */
	readonly moreSecrets?: readonly Uint8Array[];
}

/** Why there is none. `notify` is the number that was or is to be sent. */
export interface ChildRefusal {
	readonly notify: number;
	readonly data: Uint8Array;
	readonly text: string;
}

/** The payloads of an offer. */
export function encodeChildOffer(offer: ChildOffer): readonly Payload[] {
	const { config, spi, nonce, exchange, localSelectors, remoteSelectors } = offer;
	return [
		{ type: "sa", proposals: encodeEspProposals(config.proposals, spi, nonce !== undefined) },
		...(nonce === undefined ? [] : [{ type: "nonce", data: nonce } as const]),
		...keyExchangePayload(exchange?.group.id, exchange?.publicValue),
		{ type: "ts-initiator", selectors: localSelectors },
		{ type: "ts-responder", selectors: remoteSelectors },
	];
}

/** What the answer to an offer says. */
export function readChildAnswer(offer: ChildOffer, payloads: readonly Payload[]): ChildAgreement | ChildRefusal {
	const refused = payloads.find((one) => one.type === "notify" && isNotifyError(one.notify));
	if (refused?.type === "notify")
		return { notify: refused.notify, data: refused.data, text: refusedText(offer, refused.notify) };
	const answer = findPayload(payloads, "sa")?.proposals;
	const selection = answer && selectEspProposal(answer, offer.config.proposals, offer.nonce !== undefined);
	const [chosen, more] = answer ?? [];
	if (selection === undefined || chosen === undefined || more !== undefined)
		return refusal(notifyType.NO_PROPOSAL_CHOSEN, "the peer answered with a proposal that was not offered");
	const localSelectors = findPayload(payloads, "ts-initiator")?.selectors ?? [];
	const remoteSelectors = findPayload(payloads, "ts-responder")?.selectors ?? [];
	if (!isWithin(localSelectors, offer.localSelectors) || !isWithin(remoteSelectors, offer.remoteSelectors))
		return refusal(notifyType.TS_UNACCEPTABLE, "the peer answered with selectors that were not offered");
	const secret = finishExchange(offer, selection.chosen, payloads);
	if (secret === undefined) return refusal(notifyType.INVALID_SYNTAX, "the peer's public value is none of the group");
	return {
		config: offer.config,
		proposal: selection.chosen,
		inboundSpi: offer.spi,
		outboundSpi: chosen.spi,
		localSelectors,
		remoteSelectors,
		secret,
	};
}

/** Answers the peer's offer with the first child that fits its traffic. `isInAuth`: no nonce, no exchange. */
export function answerChildOffer(
	configs: readonly ChildConfig[],
	payloads: readonly Payload[],
	own: { readonly spi: Uint8Array; readonly nonce?: Uint8Array; readonly random: RandomOctets },
): { readonly agreement: ChildAgreement; readonly payloads: readonly Payload[] } | ChildRefusal {
	const offered = findPayload(payloads, "sa")?.proposals;
	const theirs = findPayload(payloads, "ts-initiator")?.selectors;
	const ours = findPayload(payloads, "ts-responder")?.selectors;
	if (offered === undefined || theirs === undefined || ours === undefined)
		return refusal(notifyType.INVALID_SYNTAX, "the request has no SA, TSi or TSr");
	const fitting = configs.flatMap((config) => {
		const localSelectors = narrowSelectors(config.localSelectors, ours);
		const remoteSelectors = narrowSelectors(config.remoteSelectors, theirs);
		return localSelectors.length > 0 && remoteSelectors.length > 0 ? [{ config, localSelectors, remoteSelectors }] : [];
	});
	const withGroup = own.nonce !== undefined;
	for (const { config, localSelectors, remoteSelectors } of fitting) {
		const selection = selectEspProposal(offered, config.proposals, withGroup);
		if (selection === undefined) continue;
		const exchange = answerExchange(withGroup ? selection.chosen : undefined, payloads, own.random);
		if ("notify" in exchange) return exchange;
		const agreement: ChildAgreement = {
			config,
			proposal: selection.chosen,
			inboundSpi: own.spi,
			outboundSpi: selection.answer.spi,
			localSelectors,
			remoteSelectors,
			secret: exchange.secret,
		};
		const answer: Payload[] = [
			{ type: "sa", proposals: [{ ...selection.answer, spi: own.spi }] },
			...(own.nonce === undefined ? [] : [{ type: "nonce", data: own.nonce } as const]),
			...exchange.payloads,
			{ type: "ts-initiator", selectors: remoteSelectors },
			{ type: "ts-responder", selectors: localSelectors },
		];
		return { agreement, payloads: answer };
	}
	if (fitting.length > 0) {
		const accepted = [...new Set(fitting.flatMap(({ config }) => config.proposals.map(describeProposal)))].join(", ");
		const text = `no common proposal for ESP; we accept ${accepted}, the peer offers ${describeOffer(offered)}`;
		return refusal(notifyType.NO_PROPOSAL_CHOSEN, text);
	}
	const asked = `${theirs.map(selectorText).join(", ")} to ${ours.map(selectorText).join(", ")}`;
	return refusal(notifyType.TS_UNACCEPTABLE, `no child is configured for ${asked}`);
}

/** A peer that refuses does not say what it would take: what this end asked for is the half that is known here. */
function refusedText({ config, localSelectors, remoteSelectors }: ChildOffer, type: number): string {
	const text = `the peer answered ${notifyName(type)}`;
	if (type === notifyType.NO_PROPOSAL_CHOSEN)
		return `${text}; we offer ${config.proposals.map(describeProposal).join(", ")}`;
	if (type !== notifyType.TS_UNACCEPTABLE) return text;
	const [local, remote] = [localSelectors, remoteSelectors].map((all) => all.map(selectorText).join(", "));
	return `${text}; we ask for ${local} to ${remote}`;
}

/** True when it is a refusal. */
export function isRefusal(value: object): value is ChildRefusal {
	return "notify" in value;
}

function refusal(notify: number, text: string, data: Uint8Array = empty): ChildRefusal {
	return { notify, data, text };
}

function keyExchangePayload(group: number | undefined, data: Uint8Array | undefined): readonly Payload[] {
	return group === undefined || data === undefined ? [] : [{ type: "ke", group, data }];
}

function finishExchange(offer: ChildOffer, chosen: EspProposal, payloads: readonly Payload[]): Uint8Array | undefined {
	if (offer.nonce === undefined || chosen.group === undefined) return empty;
	const ke = findPayload(payloads, "ke");
	if (ke === undefined || ke.group !== chosen.group.id || offer.exchange?.group.id !== ke.group) return undefined;
	return offer.exchange.finish(ke.data);
}

function answerExchange(
	chosen: EspProposal | undefined,
	payloads: readonly Payload[],
	random: RandomOctets,
): { readonly secret: Uint8Array; readonly payloads: readonly Payload[] } | ChildRefusal {
	if (chosen?.group === undefined) return { secret: empty, payloads: [] };
	const ke = findPayload(payloads, "ke");
	if (ke === undefined || ke.group !== chosen.group.id) {
		const wanted = Uint8Array.of(chosen.group.id >> 8, chosen.group.id & 0xff);
		return refusal(notifyType.INVALID_KE_PAYLOAD, `the peer's public value is not of ${chosen.group.name}`, wanted);
	}
	const answer = answerKeyExchange(chosen.group, ke.data, random);
	if (answer === undefined)
		return refusal(notifyType.INVALID_SYNTAX, `the peer's public value is none of ${chosen.group.name}`);
	return { secret: answer.secret, payloads: keyExchangePayload(chosen.group.id, answer.publicValue) };
}

const empty = new Uint8Array(0);
