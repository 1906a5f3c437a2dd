/**
 * Further key exchanges behind a CREATE_CHILD_SA, one IKE_FOLLOWUP_KE for each; only when all are done the child or the
 * successor is made (RFC 9370 §2.2.4).
 */
import { answerKeyExchange, beginKeyExchange, type KeyExchange } from "#ike/crypto/agree-key.ts";
import type { GroupRow } from "#ike/crypto/transform-table.ts";
import type { ChildSa } from "#ike/v2/child-sa.ts";
import { errorName, type IkeSa, notify } from "#ike/v2/ike-sa.ts";
import type { Task } from "#ike/v2/task.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";

/** What a negotiation of the peer still waits for. One an association; the next negotiation takes its place. */
export interface FollowUp {
	/** What the peer has to send back, so that both mean the same negotiation. */
	readonly link: Uint8Array;
	/** The exchange that is expected, and those behind it. */
	readonly groups: readonly [GroupRow, ...GroupRow[]];
	readonly secrets: readonly Uint8Array[];
	readonly expiresAt: number;
	/** The lower of the nonces of the negotiation. */
	readonly lowNonce: Uint8Array;
	/** What is replaced: a child, the association, or nothing. */
	readonly replaces: ChildSa | "ike" | undefined;
	/** Puts in force what was negotiated. */
	complete(secrets: readonly Uint8Array[], now: number): void;
	/** Its exchanges do not come any more: what was to be replaced stays. */
	abandon(now: number): void;
}

/** Keeps a negotiation of the peer until its further exchanges have come; the payload leads the peer on. */
export function expectFollowUp(
	sa: IkeSa,
	negotiation: Omit<FollowUp, "link" | "secrets" | "expiresAt">,
	now: number,
): Payload {
	sa.abandonFollowUp(now);
	const link = sa.host.random(linkOctets);
	sa.followUp = { ...negotiation, link, secrets: [], expiresAt: now + patience };
	return notify(notifyType.ADDITIONAL_KEY_EXCHANGE, link);
}

/** Answers IKE_FOLLOWUP_KE. */
export function answerFollowUp(sa: IkeSa, payloads: readonly Payload[], now: number): readonly Payload[] {
	const { followUp } = sa;
	const link = findNotify(payloads, notifyType.ADDITIONAL_KEY_EXCHANGE)?.data;
	const isKnown = followUp !== undefined && link !== undefined && Buffer.compare(link, followUp.link) === 0;
	if (!isKnown) return [notify(notifyType.STATE_NOT_FOUND)];
	const { groups, replaces } = followUp;
	const isReplaced =
		typeof replaces === "object" && (replaces.state !== "installed" || !sa.children.has(replaces.inboundSpi));
	if (!sa.isEstablished || isReplaced) {
		sa.abandonFollowUp(now);
		return [notify(notifyType.STATE_NOT_FOUND)];
	}
	const [group, next, ...rest] = groups;
	const ke = findPayload(payloads, "ke");
	const answer = ke?.group === group.id ? answerKeyExchange(group, ke.data, sa.host.random) : undefined;
	if (answer === undefined) {
		sa.abandonFollowUp(now);
		return [notify(notifyType.INVALID_SYNTAX)];
	}
	const payload: Payload = { type: "ke", group: group.id, data: answer.publicValue };
	const secrets = [...followUp.secrets, answer.secret];
	if (next === undefined) {
		sa.followUp = undefined;
		followUp.complete(secrets, now);
		return [payload];
	}
	const further = sa.host.random(linkOctets);
	sa.followUp = { ...followUp, link: further, groups: [next, ...rest], secrets, expiresAt: now + patience };
	return [payload, notify(notifyType.ADDITIONAL_KEY_EXCHANGE, further)];
}

/**
 * The exchanges of this end behind an answer to CREATE_CHILD_SA: `done` gets their secrets in order, or why there are none.
 * They go under the kind of the exchange that they continue, so that the peer's negotiations meet the same answers meanwhile.
 */
export function newFollowUpTask(
	kind: Task["kind"],
	groups: readonly GroupRow[],
	answer: readonly Payload[],
	now: number,
	done: (secrets: readonly Uint8Array[] | string, now: number) => void,
	secrets: readonly Uint8Array[] = [],
): Task | undefined {
	const [group, ...left] = groups;
	const link = findNotify(answer, notifyType.ADDITIONAL_KEY_EXCHANGE)?.data;
	if (group === undefined) {
		done(secrets, now);
		return undefined;
	}
	if (link === undefined) {
		done("the peer does not go on to the further key exchanges that it agreed to", now);
		return undefined;
	}
	const echoed = Uint8Array.from(link);
	let exchange: KeyExchange | undefined;
	return {
		kind,
		exchange: exchangeType.ikeFollowupKe,
		build(sa) {
			exchange = beginKeyExchange(group, sa.host.random);
			return [
				{ type: "ke", group: group.id, data: exchange.publicValue },
				notify(notifyType.ADDITIONAL_KEY_EXCHANGE, echoed),
			];
		},
		finish(_sa, payloads, at) {
			const refused = errorName(payloads);
			const ke = findPayload(payloads, "ke");
			const secret = ke?.group === group.id ? exchange?.finish(ke.data) : undefined;
			if (refused !== undefined) done(`the peer answered ${refused} to a further key exchange`, at);
			else if (secret === undefined) done(`the peer's value for ${group.name} is none`, at);
			else return newFollowUpTask(kind, left, payloads, at, done, [...secrets, secret]);
			return undefined;
		},
	};
}

const linkOctets = 16;
/** "a reasonable time": 5 to 20 seconds (RFC 9370 §2.2.4). */
const patience = 20_000;
