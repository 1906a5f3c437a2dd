/** What this end answers to requests once the association stands (RFC 7296 §1.3, §1.4, §2.8, §2.25). */
import { answerKeyExchange } from "#ike/crypto/agree-key.ts";
import { describeProposal } from "#ike/crypto/proposal.ts";
import { selectIkeProposal } from "#ike/crypto/select-proposal.ts";
import { answerChildOffer, isRefusal } from "#ike/v2/child-exchange.ts";
import { type ChildSa, lowerNonce, spiOctets } from "#ike/v2/child-sa.ts";
import { answerFollowUp, expectFollowUp } from "#ike/v2/follow-up.ts";
import { type IkeSa, notify } from "#ike/v2/ike-sa.ts";
import { answerMove } from "#ike/v2/mobility.ts";
import { giveWay, newSuccessor } from "#ike/v2/task-ike.ts";
import { exchangeType, ikeSpiOctets } from "#ike/wire/header.ts";
import { notifyName, notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";
import { protocolId } from "#ike/wire/security-association.ts";

/** The payloads of the answer. */
export function answerRequest(
	sa: IkeSa,
	exchange: number,
	payloads: readonly Payload[],
	now: number,
): readonly Payload[] {
	if (exchange === exchangeType.informational) return answerInformational(sa, payloads, now);
	if (exchange === exchangeType.ikeFollowupKe) return answerFollowUp(sa, payloads, now);
	if (exchange !== exchangeType.createChildSa) return [notify(notifyType.INVALID_SYNTAX)];
	const protocol = findPayload(payloads, "sa")?.proposals[0]?.protocol;
	const isAboutIke = protocol === protocolId.ike;
	return isAboutIke ? answerRekey(sa, payloads, now) : answerCreateChild(sa, payloads, now);
}

function answerInformational(sa: IkeSa, payloads: readonly Payload[], now: number): readonly Payload[] {
	const deletes = payloads.flatMap((one) => (one.type === "delete" ? [one] : []));
	if (deletes.some(({ protocol }) => protocol === protocolId.ike)) return answerDeleteIke(sa, payloads, now);
	const closed = deletes.flatMap(({ protocol, spis }) => (protocol === protocolId.esp ? closeChildren(sa, spis) : []));
	const moved = answerMove(sa, payloads, now);
	return closed.length === 0 ? moved : [...moved, { type: "delete", protocol: protocolId.esp, spis: closed }];
}

/** The SPIs of our side of the pairs; none for those whose end we have asked for ourselves (RFC 7296 §1.4.1). */
function closeChildren(sa: IkeSa, spis: readonly Uint8Array[]): readonly Uint8Array[] {
	const closed: Uint8Array[] = [];
	for (const spi of spis) {
		const child = sa.childByOutbound(spi);
		if (child === undefined) continue;
		if (child.state !== "deleting") closed.push(spiOctets(child.inboundSpi));
		const wasReplaced = child.state !== "installed" || child.peerReplacement !== undefined;
		sa.removeChild(child);
		if (!wasReplaced) sa.report("child-closed", `${sa.describeChild(child)}: closed by the peer`);
	}
	return closed;
}

/** The answer is sent by the caller, after this; children move on when the peer has made a successor. */
function answerDeleteIke(sa: IkeSa, payloads: readonly Payload[], now: number): readonly Payload[] {
	giveWay(sa, now);
	const reason = payloads.find((one) => one.type === "notify");
	const why = reason?.type === "notify" ? `: ${notifyName(reason.notify)}` : "";
	sa.close("ike-closed", `closed by the peer${why}`, now);
	return [];
}

function answerCreateChild(sa: IkeSa, payloads: readonly Payload[], now: number): readonly Payload[] {
	// "a request to create or rekey a Child SA while rekeying the IKE SA: TEMPORARY_FAILURE" (RFC 7296 §2.25.2).
	if (!sa.isEstablished || sa.task?.kind === "rekey-ike") return [notify(notifyType.TEMPORARY_FAILURE)];
	const rekeyed = findNotify(payloads, notifyType.REKEY_SA);
	const old = rekeyed && sa.childByOutbound(rekeyed.spi);
	if (rekeyed !== undefined) {
		if (old === undefined) {
			const data = new Uint8Array(0);
			const { protocol, spi } = rekeyed;
			return [{ type: "notify", protocol, spi, notify: notifyType.CHILD_SA_NOT_FOUND, data }];
		}
		if (old.state !== "installed") return [notify(notifyType.TEMPORARY_FAILURE)];
	}
	if (sa.children.size >= sa.host.settings.maxChildren) return [notify(notifyType.NO_ADDITIONAL_SAS)];
	const peerNonce = findPayload(payloads, "nonce")?.data;
	if (peerNonce === undefined) return [notify(notifyType.INVALID_SYNTAX)];
	const nonce = sa.host.random(nonceOctets);
	const configs = old === undefined ? sa.connection.children : [old.config];
	const answer = answerChildOffer(configs, payloads, { spi: sa.host.newChildSpi(), nonce, random: sa.host.random });
	if (isRefusal(answer)) {
		sa.report("child-failed", answer.text);
		return [notify(answer.notify, answer.data)];
	}
	const nonces = { initiatorNonce: Uint8Array.from(peerNonce), responderNonce: nonce };
	const lowNonce = lowerNonce(nonces.initiatorNonce, nonce);
	const complete = (moreSecrets: readonly Uint8Array[], at: number) => {
		const child = sa.installChild({ ...answer.agreement, moreSecrets }, false, nonces, at);
		sa.report(old === undefined ? "child-established" : "child-rekeyed", sa.describeChild(child));
		if (old !== undefined) notePeerReplacement(old, child, lowNonce);
	};
	const [group, ...rest] = answer.agreement.proposal.additional ?? [];
	if (group === undefined) {
		complete([], now);
		return answer.payloads;
	}
	const link = expectFollowUp(
		sa,
		{
			groups: [group, ...rest],
			lowNonce,
			replaces: old,
			complete,
			// Whoever gives up leaves the old child as it is: its keys are asked for again.
			abandon(at) {
				if (old?.state === "installed") old.softAt = sa.retryAt(at);
			},
		},
		now,
	);
	if (old !== undefined) old.softAt = Number.POSITIVE_INFINITY;
	return [...answer.payloads, link];
}

function notePeerReplacement(old: ChildSa, child: ChildSa, lowNonce: Uint8Array): void {
	old.peerReplacement = { child, lowNonce };
	old.softAt = Number.POSITIVE_INFINITY;
	old.state = "replaced";
}

function answerRekey(sa: IkeSa, request: readonly Payload[], now: number): readonly Payload[] {
	const isBusyWithChild = sa.task?.kind.endsWith("child") === true;
	if (!sa.isEstablished || isBusyWithChild || sa.peerSuccessor !== undefined)
		return [notify(notifyType.TEMPORARY_FAILURE)];
	const offered = findPayload(request, "sa")?.proposals ?? [];
	const ke = findPayload(request, "ke");
	const peerNonce = findPayload(request, "nonce")?.data;
	if (ke === undefined || peerNonce === undefined) return [notify(notifyType.INVALID_SYNTAX)];
	const selection = selectIkeProposal(offered, sa.connection.proposals, ikeSpiOctets);
	if (selection === undefined) return [notify(notifyType.NO_PROPOSAL_CHOSEN)];
	const { chosen } = selection;
	if (ke.group !== chosen.group.id)
		return [notify(notifyType.INVALID_KE_PAYLOAD, Uint8Array.of(chosen.group.id >> 8, chosen.group.id & 0xff))];
	const answer = answerKeyExchange(chosen.group, ke.data, sa.host.random);
	if (answer === undefined) return [notify(notifyType.INVALID_SYNTAX)];
	const nonce = sa.host.random(nonceOctets);
	const inputs = {
		initiatorNonce: Uint8Array.from(peerNonce),
		responderNonce: nonce,
		initiatorSpi: Uint8Array.from(selection.answer.spi),
		responderSpi: sa.host.newIkeSpi(),
	};
	const lowNonce = lowerNonce(inputs.initiatorNonce, nonce);
	const complete = (secrets: readonly Uint8Array[], at: number) => {
		sa.peerSuccessor = { sa: newSuccessor(sa, chosen, false, inputs, [answer.secret, ...secrets], at), lowNonce };
		sa.lifetime = { ...sa.lifetime, softAt: Number.POSITIVE_INFINITY };
		// While our own exchange is under way its answer decides which successor stays.
		if (sa.task?.kind === "rekey-ike") return;
		sa.report("ike-rekeyed", `new keys, ${describeProposal(chosen)}`);
		giveWay(sa, at);
	};
	const payloads: readonly Payload[] = [
		{ type: "sa", proposals: [{ ...selection.answer, spi: inputs.responderSpi }] },
		{ type: "nonce", data: nonce },
		{ type: "ke", group: chosen.group.id, data: answer.publicValue },
	];
	const [group, ...rest] = chosen.additional ?? [];
	if (group === undefined) {
		complete([], now);
		return payloads;
	}
	const link = expectFollowUp(
		sa,
		{
			groups: [group, ...rest],
			lowNonce,
			replaces: "ike",
			complete,
			abandon(at) {
				sa.lifetime = { ...sa.lifetime, softAt: sa.retryAt(at) };
			},
		},
		now,
	);
	sa.lifetime = { ...sa.lifetime, softAt: Number.POSITIVE_INFINITY };
	return [...payloads, link];
}

const nonceOctets = 32;
