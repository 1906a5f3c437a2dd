/** Exchanges of ours about children: a new one, new keys for one, the end of one (RFC 7296 §1.3.1, §1.3.3, §1.4.1, §2.8). */
import { beginKeyExchange } from "#ike/crypto/agree-key.ts";
import { groupOfId } from "#ike/crypto/transform-table.ts";
import {
	type ChildOffer,
	type ChildRefusal,
	encodeChildOffer,
	isRefusal,
	readChildAnswer,
} from "#ike/v2/child-exchange.ts";
import { type ChildSa, lowerNonce, spiOctets } from "#ike/v2/child-sa.ts";
import type { ChildConfig } from "#ike/v2/connection.ts";
import { newFollowUpTask } from "#ike/v2/follow-up.ts";
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import type { Task } from "#ike/v2/task.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";
import { protocolId } from "#ike/wire/security-association.ts";

/** A new child. */
export function newCreateTask(config: ChildConfig, groupId?: number): Task {
	let offer: ChildOffer | undefined;
	return {
		kind: "create-child",
		exchange: exchangeType.createChildSa,
		build(sa) {
			if (sa.children.size >= sa.host.settings.maxChildren) return undefined;
			const selectors = { localSelectors: config.localSelectors, remoteSelectors: config.remoteSelectors };
			offer = newOffer(sa, { config, ...selectors }, groupId);
			return encodeChildOffer(offer);
		},
		finish(sa, payloads, now) {
			if (offer === undefined) return undefined;
			const answer = readChildAnswer(offer, payloads);
			if (isRefusal(answer)) {
				const other = otherGroup(answer, config, groupId);
				if (other !== undefined) sa.enqueue(newCreateTask(config, other), now);
				else sa.report("child-failed", `child ${config.name}: ${answer.text}`);
				return undefined;
			}
			const nonces = noncesOf(offer, payloads);
			if (nonces === undefined) {
				sa.report("child-failed", `child ${config.name}: the answer has no nonce`);
				return undefined;
			}
			return newFollowUpTask("create-child", answer.proposal.additional ?? [], payloads, now, (moreSecrets, at) => {
				if (typeof moreSecrets === "string") return sa.report("child-failed", `child ${config.name}: ${moreSecrets}`);
				const child = sa.installChild({ ...answer, moreSecrets }, true, nonces, at);
				sa.report("child-established", sa.describeChild(child));
			});
		},
	};
}

/** New keys for a child. */
export function newChildRekeyTask(old: ChildSa, groupId?: number): Task {
	let offer: ChildOffer | undefined;
	return {
		kind: "rekey-child",
		exchange: exchangeType.createChildSa,
		build(sa) {
			const isTaken = sa.followUp?.replaces === old;
			if (!sa.children.has(old.inboundSpi) || old.state !== "installed" || isTaken) return undefined;
			offer = newOffer(sa, old, groupId);
			return [rekeyNotify(old), ...encodeChildOffer(offer)];
		},
		finish(sa, payloads, now) {
			if (offer === undefined) return undefined;
			const answer = readChildAnswer(offer, payloads);
			if (isRefusal(answer)) {
				onRefused(sa, old, answer, groupId, now);
				return undefined;
			}
			const nonces = noncesOf(offer, payloads);
			if (nonces === undefined) {
				retryLater(sa, old, "the answer has no nonce", now);
				return undefined;
			}
			return newFollowUpTask("rekey-child", answer.proposal.additional ?? [], payloads, now, (moreSecrets, at) => {
				if (typeof moreSecrets === "string") return onCut(sa, old, moreSecrets, at);
				const child = sa.installChild({ ...answer, moreSecrets }, true, nonces, at);
				sa.report("child-rekeyed", sa.describeChild(child));
				resolve(sa, old, child, lowerNonce(nonces.initiatorNonce, nonces.responderNonce), at);
			});
		},
	};
}

/** The end of a child. */
export function newChildDeleteTask(child: ChildSa): Task {
	return {
		kind: "delete-child",
		exchange: exchangeType.informational,
		build() {
			child.state = "deleting";
			return [{ type: "delete", protocol: protocolId.esp, spis: [spiOctets(child.inboundSpi)] }];
		},
		finish(sa) {
			sa.removeChild(child);
			return undefined;
		},
	};
}

/**
 * Both ends may have replaced the same child at once. The replacement that was made with the lowest of the four nonces is
 * the redundant one: its maker deletes it, and the other end's maker deletes the old child (RFC 7296 §2.8.1).
 */
function resolve(sa: IkeSa, old: ChildSa, own: ChildSa, ownLow: Uint8Array, now: number): void {
	const peerLow = old.peerReplacement?.lowNonce ?? (sa.followUp?.replaces === old ? sa.followUp.lowNonce : undefined);
	const hasLost = peerLow !== undefined && lowerNonce(ownLow, peerLow) === ownLow;
	const redundant = hasLost ? own : old;
	if (!hasLost) old.state = "replaced";
	else own.softAt = Number.POSITIVE_INFINITY;
	if (sa.children.has(redundant.inboundSpi)) sa.enqueue(newChildDeleteTask(redundant), now);
}

function onRefused(sa: IkeSa, old: ChildSa, answer: ChildRefusal, groupId: number | undefined, now: number): void {
	// The peer has replaced it already: the collision is decided, and the old child goes by the peer's delete.
	if (old.peerReplacement !== undefined || !sa.children.has(old.inboundSpi)) return;
	const other = otherGroup(answer, old.config, groupId);
	if (other !== undefined) return sa.enqueue(newChildRekeyTask(old, other), now);
	if (answer.notify !== notifyType.CHILD_SA_NOT_FOUND) return retryLater(sa, old, answer.text, now);
	// "the initiator ... SHOULD silently delete the Child SA and create a new one" (RFC 7296 §2.25).
	sa.removeChild(old);
	sa.enqueue(newCreateTask(old.config), now);
}

/** Further exchanges of ours that led nowhere; when the peer has replaced the child meanwhile, they were not needed. */
function onCut(sa: IkeSa, old: ChildSa, text: string, now: number): void {
	if (old.peerReplacement === undefined && sa.children.has(old.inboundSpi)) retryLater(sa, old, text, now);
}

function retryLater(sa: IkeSa, old: ChildSa, text: string, now: number): void {
	old.softAt = sa.retryAt(now);
	sa.report("child-failed", `new keys for ${sa.describeChild(old)}: ${text}; tried again later`);
}

function newOffer(
	sa: IkeSa,
	what: Pick<ChildOffer, "config" | "localSelectors" | "remoteSelectors">,
	groupId: number | undefined,
): ChildOffer {
	const group = groupId === undefined ? what.config.proposals[0]?.group : groupOfId(groupId);
	return {
		config: what.config,
		spi: sa.host.newChildSpi(),
		nonce: sa.host.random(nonceOctets),
		...(group && { exchange: beginKeyExchange(group, sa.host.random) }),
		localSelectors: what.localSelectors,
		remoteSelectors: what.remoteSelectors,
	};
}

/** The group that the peer wants, when it is one of ours and was not tried. */
function otherGroup(answer: ChildRefusal, config: ChildConfig, tried: number | undefined): number | undefined {
	if (answer.notify !== notifyType.INVALID_KE_PAYLOAD || tried !== undefined) return undefined;
	const wanted = ((answer.data[0] ?? 0) << 8) | (answer.data[1] ?? 0);
	return config.proposals.some(({ group }) => group?.id === wanted) ? wanted : undefined;
}

function noncesOf(offer: ChildOffer, payloads: readonly Payload[]) {
	const responderNonce = findPayload(payloads, "nonce")?.data;
	if (offer.nonce === undefined || responderNonce === undefined) return undefined;
	return { initiatorNonce: offer.nonce, responderNonce };
}

function rekeyNotify({ inboundSpi }: ChildSa): Payload {
	const spi = spiOctets(inboundSpi);
	return { type: "notify", protocol: protocolId.esp, spi, notify: notifyType.REKEY_SA, data: new Uint8Array(0) };
}

const nonceOctets = 32;
