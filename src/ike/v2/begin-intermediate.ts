/**
 * Further key exchanges between IKE_SA_INIT and IKE_AUTH, one IKE_INTERMEDIATE for each: every one makes new keys, and AUTH
 * covers what was said (RFC 9242, RFC 9370 §2.2.2).
 */
import { addIntermediate, intermediatePart, noIntermediate } from "#ike/auth/intermediate-octets.ts";
import { answerKeyExchange, beginKeyExchange } from "#ike/crypto/agree-key.ts";
import { deriveIkeKeys, nextKeySeed } from "#ike/crypto/derive-keys.ts";
import type { GroupRow } from "#ike/crypto/transform-table.ts";
import type { BeginPhase, FirstMessages } from "#ike/v2/begin-phase.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { errorName, type IkeSa, notify, type OpenedMessage } from "#ike/v2/ike-sa.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { encodePayloads, findPayload, type Payload } from "#ike/wire/payload.ts";

type Asking = Extract<BeginPhase, { readonly type: "expect-intermediate-response" }>;

/** What goes on to IKE_AUTH when nothing is left. */
export type Asked = Pick<Asking, "messages" | "isCertificateWanted">;

/** Sends the first request; true when there is one to be sent. */
export function askIntermediate(
	sa: IkeSa,
	groups: readonly GroupRow[],
	asked: Pick<Asking, "messages" | "isCertificateWanted"> & Partial<Pick<Asking, "said">>,
	now: number,
): boolean {
	const [group, ...left] = groups;
	if (group === undefined) return false;
	const exchange = beginKeyExchange(group, sa.host.random);
	const payloads: readonly Payload[] = [{ type: "ke", group: group.id, data: exchange.publicValue }];
	const { said = noIntermediate } = asked;
	const head = sa.head(exchangeType.ikeIntermediate, false, sa.requests.id);
	const initiator = addIntermediate(
		sa.algorithms.prf,
		sa.keys.initiatorIdentity,
		said.initiator,
		plainOf(head, payloads),
	);
	sa.phase = { type: "expect-intermediate-response", ...asked, said: { ...said, initiator }, exchange, left };
	sa.sendRequest(exchangeType.ikeIntermediate, payloads, now);
	return true;
}

/** Takes an answer and asks for the next exchange; gives what IKE_AUTH needs once nothing is left. */
export function onIntermediateResponse(sa: IkeSa, message: OpenedMessage, now: number): Asked | undefined {
	const { phase } = sa;
	if (phase.type !== "expect-intermediate-response") return undefined;
	const { exchange, left, messages, isCertificateWanted } = phase;
	const ke = findPayload(message.payloads, "ke");
	const secret = ke?.group === exchange.group.id ? exchange.finish(ke.data) : undefined;
	if (secret === undefined) {
		const refused = errorName(message.payloads) ?? `no value of ${exchange.group.name}`;
		sa.close("ike-failed", `the peer answered ${refused} to a further key exchange`, now);
		return undefined;
	}
	const { prf } = sa.algorithms;
	const responder = addIntermediate(prf, sa.keys.responderIdentity, phase.said.responder, message);
	const said = { ...phase.said, responder };
	useSecret(sa, messages, secret);
	if (askIntermediate(sa, left, { messages, isCertificateWanted, said }, now)) return undefined;
	return { messages: { ...messages, intermediate: intermediatePart(said, sa.requests.id) }, isCertificateWanted };
}

/** What the responder waits for behind IKE_SA_INIT: the first further exchange, or IKE_AUTH. */
export function phaseBehindInit(
	groups: readonly GroupRow[],
	messages: FirstMessages,
	candidates: readonly Connection[],
): BeginPhase {
	const [group, ...left] = groups;
	if (group === undefined) return { type: "expect-auth-request", messages, candidates };
	return { type: "expect-intermediate-request", messages, said: noIntermediate, group, left, candidates };
}

/** Answers a further exchange under the keys before it, and takes the new keys. */
export function onIntermediateRequest(sa: IkeSa, message: OpenedMessage, now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-intermediate-request") return;
	const { group, left, messages, candidates } = phase;
	const ke = findPayload(message.payloads, "ke");
	const answer = ke?.group === group.id ? answerKeyExchange(group, ke.data, sa.host.random) : undefined;
	if (answer === undefined) {
		sa.sendResponse(exchangeType.ikeIntermediate, [notify(notifyType.INVALID_SYNTAX)]);
		return sa.close("ike-failed", `the peer's further key exchange has no value of ${group.name}`, now);
	}
	const payloads: readonly Payload[] = [{ type: "ke", group: group.id, data: answer.publicValue }];
	const head = sa.head(exchangeType.ikeIntermediate, true, sa.responses.expectedId);
	const { prf } = sa.algorithms;
	const said = {
		initiator: addIntermediate(prf, sa.keys.initiatorIdentity, phase.said.initiator, message),
		responder: addIntermediate(prf, sa.keys.responderIdentity, phase.said.responder, plainOf(head, payloads)),
	};
	sa.sendResponse(exchangeType.ikeIntermediate, payloads);
	useSecret(sa, messages, answer.secret);
	const [next, ...rest] = left;
	sa.phase =
		next === undefined
			? {
					type: "expect-auth-request",
					messages: { ...messages, intermediate: intermediatePart(said, sa.responses.expectedId) },
					candidates,
				}
			: { type: "expect-intermediate-request", messages, said, group: next, left: rest, candidates };
}

/** SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr). */
function useSecret(sa: IkeSa, { initiatorNonce, responderNonce }: FirstMessages, secret: Uint8Array): void {
	if (sa.protection === undefined) return;
	const { proposal, keys } = sa.protection;
	const { initiatorSpi, responderSpi } = sa;
	const inputs = { initiatorNonce, responderNonce, initiatorSpi, responderSpi };
	const seed = nextKeySeed(proposal.prf, keys.derivation, inputs, secret);
	sa.protection = { proposal, keys: deriveIkeKeys(proposal, seed, inputs) };
}

function plainOf(head: OpenedMessage["head"], payloads: readonly Payload[]) {
	const { first, octets } = encodePayloads(payloads);
	return { head, firstPayload: first, octets };
}
