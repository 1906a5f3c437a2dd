/** Exchanges of ours about the association itself: new keys, its end, a sign of life (RFC 7296 §1.3.2, §1.4, §2.4, §2.8.2). */
import { beginKeyExchange, type KeyExchange } from "#ike/crypto/agree-key.ts";
import { deriveIkeKeys, type ExchangeInputs, nextKeySeed } from "#ike/crypto/derive-keys.ts";
import { describeProposal, encodeIkeProposals, type IkeProposal } from "#ike/crypto/proposal.ts";
import { selectIkeProposal } from "#ike/crypto/select-proposal.ts";
import { groupOfId } from "#ike/crypto/transform-table.ts";
import { lowerNonce } from "#ike/v2/child-sa.ts";
import { newFollowUpTask } from "#ike/v2/follow-up.ts";
import { errorName, type IkeSa, notify } from "#ike/v2/ike-sa.ts";
import { askWhetherReached } from "#ike/v2/mobility.ts";
import type { Task } from "#ike/v2/task.ts";
import { exchangeType, ikeSpiOctets } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";
import { protocolId } from "#ike/wire/security-association.ts";

/** Is the peer there? An empty request, sent at the interval that is configured (B14, B51). */
export function newLivenessTask(): Task {
	return {
		kind: "liveness",
		exchange: exchangeType.informational,
		build: () => [],
		retransmit({ connection: { liveness } }) {
			return liveness && { first: liveness.interval, longest: liveness.interval, times: liveness.threshold - 1 };
		},
		finish: () => undefined,
	};
}

/** The end of the association and of all below it. */
export function newDeleteTask(reason?: number): Task {
	return {
		kind: "delete-ike",
		exchange: exchangeType.informational,
		build: () => [
			...(reason === undefined ? [] : [notify(reason)]),
			{ type: "delete", protocol: protocolId.ike, spis: [] },
		],
		finish(sa, _payloads, now) {
			sa.close("ike-closed", "closed by this end", now);
			return undefined;
		},
	};
}

/** New keys: a successor that the children move to. */
export function newRekeyTask(groupId?: number): Task {
	let exchange: KeyExchange | undefined;
	let nonce: Uint8Array = new Uint8Array(0);
	let spi: Uint8Array = new Uint8Array(0);
	return {
		kind: "rekey-ike",
		exchange: exchangeType.createChildSa,
		build(sa) {
			if (!sa.isEstablished || sa.followUp?.replaces === "ike") return undefined;
			const group = groupId === undefined ? sa.protection?.proposal.group : groupOfId(groupId);
			if (group === undefined) return undefined;
			exchange = beginKeyExchange(group, sa.host.random);
			nonce = sa.host.random(nonceOctets);
			spi = sa.host.newIkeSpi();
			return [
				{ type: "sa", proposals: encodeIkeProposals(sa.connection.proposals, spi) },
				{ type: "nonce", data: nonce },
				{ type: "ke", group: group.id, data: exchange.publicValue },
			];
		},
		finish(sa, payloads, now) {
			if (exchange === undefined) return undefined;
			const wanted = findNotify(payloads, notifyType.INVALID_KE_PAYLOAD)?.data;
			const wantedId = wanted && ((wanted[0] ?? 0) << 8) | (wanted[1] ?? 0);
			const isOurs = sa.connection.proposals.some(({ group }) => group.id === wantedId);
			if (wantedId !== undefined && isOurs && groupId === undefined) {
				sa.enqueue(newRekeyTask(wantedId), now);
				return undefined;
			}
			const made = readAnswer(sa, exchange, payloads);
			if (typeof made === "string") {
				onRefused(sa, made, now);
				return undefined;
			}
			const inputs = {
				initiatorNonce: nonce,
				responderNonce: made.nonce,
				initiatorSpi: spi,
				responderSpi: made.responderSpi,
			};
			return newFollowUpTask("rekey-ike", made.chosen.additional ?? [], payloads, now, (secrets, at) => {
				if (typeof secrets === "string") return onRefused(sa, secrets, at);
				const successor = newSuccessor(sa, made.chosen, true, inputs, [made.secret, ...secrets], at);
				resolve(sa, successor, lowerNonce(inputs.initiatorNonce, made.nonce), at);
			});
		},
	};
}

/** The association that new keys make. `secrets`: of the exchange of CREATE_CHILD_SA, then of the further ones. */
export function newSuccessor(
	old: IkeSa,
	chosen: IkeProposal,
	isInitiator: boolean,
	inputs: ExchangeInputs,
	[secret = new Uint8Array(0), ...more]: readonly Uint8Array[],
	now: number,
): IkeSa {
	const { initiatorSpi, responderSpi } = inputs;
	const { connection, path } = old;
	const seed = nextKeySeed(old.algorithms.prf, old.keys.derivation, inputs, secret, more);
	const successor = old.host.adopt({ connection, path, isInitiator, initiatorSpi, responderSpi });
	successor.protection = { proposal: chosen, keys: deriveIkeKeys(chosen, seed, inputs) };
	becomeSuccessor(old, successor, now);
	return successor;
}

/** What a successor takes over, beside children and keys. */
function becomeSuccessor(old: IkeSa, successor: IkeSa, now: number): void {
	successor.nat = old.nat;
	successor.peerIdentity = old.peerIdentity;
	successor.peerPath = old.peerPath;
	successor.user = old.user;
	successor.mover = old.mover;
	successor.canPeerReadFragments = old.canPeerReadFragments;
	successor.peerHashes = old.peerHashes;
	successor.establish(now);
	successor.provedPlace = old.provedPlace;
	if (old.provedPlace !== undefined) askWhetherReached(successor);
}

/** The peer's successor is the one that stays: children go there, the peer deletes the old one. */
export function giveWay(sa: IkeSa, now: number): void {
	if (sa.peerSuccessor === undefined) return;
	sa.replaceBy(now);
	sa.handOver(sa.peerSuccessor.sa, now);
}

/** As with children: the successor made with the lowest of the four nonces is redundant (RFC 7296 §2.8.2). */
function resolve(sa: IkeSa, own: IkeSa, ownLow: Uint8Array, now: number): void {
	const { peerSuccessor, followUp } = sa;
	const peerLow = peerSuccessor?.lowNonce ?? (followUp?.replaces === "ike" ? followUp.lowNonce : undefined);
	if (peerLow !== undefined && lowerNonce(ownLow, peerLow) === ownLow) {
		own.enqueue(newDeleteTask(), now);
		return giveWay(sa, now);
	}
	sa.report("ike-rekeyed", `new keys, ${describeProposal(own.algorithms as IkeProposal)}`);
	peerSuccessor?.sa.replaceBy(now);
	sa.handOver(own, now);
	sa.enqueue(newDeleteTask(), now);
}

function onRefused(sa: IkeSa, text: string, now: number): void {
	if (sa.peerSuccessor !== undefined) return giveWay(sa, now);
	sa.lifetime = { ...sa.lifetime, softAt: sa.retryAt(now) };
	sa.report("ike-failed", `new keys for IKE: ${text}; tried again later`);
}

function readAnswer(sa: IkeSa, exchange: KeyExchange, payloads: readonly Payload[]) {
	const refused = errorName(payloads);
	if (refused !== undefined) return `the peer answered ${refused}`;
	const answer = findPayload(payloads, "sa")?.proposals ?? [];
	const nonce = findPayload(payloads, "nonce")?.data;
	const ke = findPayload(payloads, "ke");
	const selection = answer.length === 1 ? selectIkeProposal(answer, sa.connection.proposals, ikeSpiOctets) : undefined;
	if (selection === undefined || nonce === undefined || ke === undefined || ke.group !== exchange.group.id)
		return "the peer answered with a proposal that was not offered";
	if (selection.chosen.group.id !== ke.group) return "the peer answered with another group";
	const secret = exchange.finish(ke.data);
	if (secret === undefined) return `the peer's public value is none of ${exchange.group.name}`;
	const responderSpi = Uint8Array.from(selection.answer.spi);
	return { chosen: selection.chosen, nonce: Uint8Array.from(nonce), responderSpi, secret };
}

const nonceOctets = 32;
