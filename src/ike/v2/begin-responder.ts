/** The responder's side of IKE_SA_INIT and IKE_AUTH (RFC 7296 §1.2, §2.6, §2.7, §2.15). */
import { acceptsIdentity, identityText } from "#ike/auth/identity.ts";
import { chooseScheme, encodeSignature } from "#ike/auth/signature.ts";
import { sharedKeyAuth, signedOctets } from "#ike/auth/signed-octets.ts";
import { deriveIkeKeys, firstKeySeed } from "#ike/crypto/derive-keys.ts";
import { describeOffer } from "#ike/crypto/describe-offer.ts";
import { describeProposal, type IkeProposal } from "#ike/crypto/proposal.ts";
import { type Selection, selectIkeProposal } from "#ike/crypto/select-proposal.ts";
import {
	beginEap,
	onEapProof,
	onEapResponse,
	type PeerIsProved,
	refuseEap,
	tooManyGuesses,
} from "#ike/v2/begin-eap.ts";
import {
	abilityPayloads,
	certificatePayloads,
	certificateRequestPayloads,
	hasAdditional,
	notePeer,
} from "#ike/v2/begin-initiator.ts";
import { onIntermediateRequest, phaseBehindInit } from "#ike/v2/begin-intermediate.ts";
import type { FirstMessages } from "#ike/v2/begin-phase.ts";
import { answerChildOffer, isRefusal } from "#ike/v2/child-exchange.ts";
import type { Connection, Path } from "#ike/v2/connection.ts";
import { type IkeSa, notify, type OpenedMessage } from "#ike/v2/ike-sa.ts";
import { agreeOnMobility } from "#ike/v2/mobility.ts";
import { detectNat } from "#ike/v2/nat-detection.ts";
import { mustAwaitCheck } from "#ike/v2/peer-check.ts";
import { verifyPeer } from "#ike/v2/verify-peer.ts";
import { type AuthenticationBody, authenticationMethod } from "#ike/wire/authentication.ts";
import { exchangeType, ikeHeaderOctets, ikeSpiOctets } from "#ike/wire/header.ts";
import { encodeMessage, type Message } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { encodePayloads, findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";

/** What is to become of a first message. */
export type InitJudgement =
	| { readonly kind: "ignore" }
	/** An answer that needs no memory. */
	| { readonly kind: "refuse"; readonly payload: Payload; readonly text: string }
	| {
			readonly kind: "accept";
			readonly candidates: readonly Connection[];
			readonly selection: Selection<IkeProposal>;
			/** The peer's. */
			readonly publicValue: Uint8Array;
			readonly nonce: Uint8Array;
	  };

/** A first message that was accepted. */
export type Accepted = Extract<InitJudgement, { readonly kind: "accept" }>;

/** Judges a first message for the connections that its path leads to, before anything is computed for it. */
export function judgeInit(connections: readonly Connection[], message: Message): InitJudgement {
	const { payloads } = message;
	if (message.unsupportedCritical !== undefined) {
		const payload = notify(notifyType.UNSUPPORTED_CRITICAL_PAYLOAD, Uint8Array.of(message.unsupportedCritical));
		return { kind: "refuse", payload, text: `unknown critical payload ${message.unsupportedCritical}` };
	}
	const offered = findPayload(payloads, "sa")?.proposals;
	const ke = findPayload(payloads, "ke");
	const nonce = findPayload(payloads, "nonce")?.data;
	if (offered === undefined || ke === undefined || nonce === undefined)
		return refuse(notifyType.INVALID_SYNTAX, "the first message has no SA, KE or nonce");
	const isIntermediate = findNotify(payloads, notifyType.INTERMEDIATE_EXCHANGE_SUPPORTED) !== undefined;
	for (const { proposals } of connections) {
		const possible = proposals.filter((one) => isIntermediate || !hasAdditional(one));
		const selection = selectIkeProposal(offered, possible, 0);
		if (selection === undefined) continue;
		const { group } = selection.chosen;
		if (ke.group !== group.id) {
			const data = Uint8Array.of(group.id >> 8, group.id & 0xff);
			return refuse(notifyType.INVALID_KE_PAYLOAD, `the public value is not of ${group.name}`, data);
		}
		const isSame = (one: IkeProposal) => describeProposal(one) === describeProposal(selection.chosen);
		const candidates = connections.filter((one) => one.proposals.some(isSame));
		return { kind: "accept", candidates, selection, publicValue: ke.data, nonce: Uint8Array.from(nonce) };
	}
	const ours = connections.flatMap(({ proposals }) => proposals.map(describeProposal));
	return refuse(
		notifyType.NO_PROPOSAL_CHOSEN,
		`no common proposal for IKE; we accept ${[...new Set(ours)].join(", ")}, the peer offers ${describeOffer(offered)}`,
	);
}

/** Octets of the answer to an accepted first message, at most. */
export function initAnswerOctets(
	connection: Connection,
	path: Path,
	{ chosen, answer }: Accepted["selection"],
): number {
	const spi = new Uint8Array(ikeSpiOctets);
	const parts = { connection, path, initiatorSpi: spi, responderSpi: spi };
	const publicValue = new Uint8Array(chosen.group.publicOctets);
	const payloads = initPayloads(parts, { chosen, answer }, publicValue, new Uint8Array(nonceOctets));
	return ikeHeaderOctets + encodePayloads(payloads).octets.length;
}

/** The refusal of a public value that is none of its group. */
export function refuseValue({ selection }: Accepted): Extract<InitJudgement, { readonly kind: "refuse" }> {
	const text = `the public value is none of ${selection.chosen.group.name}`;
	return { kind: "refuse", payload: notify(notifyType.INVALID_SYNTAX), text };
}

/** Answers an accepted first message: `sa` waits for the peer to authenticate itself. */
export function answerInit(
	sa: IkeSa,
	accepted: Accepted,
	answer: { readonly publicValue: Uint8Array; readonly secret: Uint8Array },
	message: Message,
	datagram: Uint8Array,
	path: Path,
	now: number,
): void {
	const { selection, nonce, candidates } = accepted;
	const { chosen } = selection;
	const responderNonce = sa.host.random(nonceOctets);
	const inputs = {
		initiatorNonce: nonce,
		responderNonce,
		initiatorSpi: sa.initiatorSpi,
		responderSpi: sa.responderSpi,
	};
	sa.protection = {
		proposal: chosen,
		keys: deriveIkeKeys(chosen, firstKeySeed(chosen.prf, inputs, answer.secret), inputs),
	};
	notePeer(sa, message.payloads);
	if (sa.connection.hasNatTraversal) sa.nat = detectNat(message.payloads, message.header, path);
	const payloads = initPayloads(sa, selection, answer.publicValue, responderNonce);
	const response = encodeMessage(sa.head(exchangeType.ikeSaInit, true, 0), payloads);
	const messages: FirstMessages = {
		initiatorMessage: Uint8Array.from(datagram),
		initiatorNonce: nonce,
		responderMessage: response,
		responderNonce,
		intermediate: new Uint8Array(0),
	};
	sa.phase = phaseBehindInit(chosen.additional ?? [], messages, candidates);
	sa.endsAt = now + sa.host.settings.halfOpenLifetime;
	sa.responses.answered([response]);
	sa.send([response]);
}

function initPayloads(
	sa: Pick<IkeSa, "connection" | "path" | "initiatorSpi" | "responderSpi">,
	{ chosen, answer }: Accepted["selection"],
	publicValue: Uint8Array,
	nonce: Uint8Array,
): readonly Payload[] {
	return [
		{ type: "sa", proposals: [answer] },
		{ type: "ke", group: chosen.group.id, data: publicValue },
		{ type: "nonce", data: nonce },
		...abilityPayloads(sa, hasAdditional(chosen)),
		...certificateRequestPayloads(sa),
	];
}

/** Takes the requests behind the first one; another than the one that is expected ends the negotiation. */
export function onBeginRequest(sa: IkeSa, message: OpenedMessage, now: number): void {
	const { phase } = sa;
	const { exchange } = message.head;
	if (phase.type === "expect-intermediate-request" && exchange === exchangeType.ikeIntermediate)
		return onIntermediateRequest(sa, message, now);
	if (exchange === exchangeType.ikeAuth) {
		if (phase.type === "expect-auth-request") return onAuthRequest(sa, message.payloads, now);
		if (phase.type === "expect-eap-response") return onEapResponse(sa, message.payloads, now);
		if (phase.type === "expect-eap-proof") {
			const proof = onEapProof(sa, message.payloads, now);
			if (proof !== undefined) return establish(sa, proof, now);
			return;
		}
	}
	sa.sendResponse(exchange, [notify(notifyType.INVALID_SYNTAX)]);
	sa.close("ike-failed", `the peer sent exchange ${exchange}; expected another one`, now);
}

/** Takes IKE_AUTH: who the peer is, and the first child. */
function onAuthRequest(sa: IkeSa, payloads: readonly Payload[], now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-auth-request") return;
	const identity = findPayload(payloads, "id-initiator");
	if (identity === undefined) return refuseAuth(sa, "the peer sent no identity", now);
	const connection = phase.candidates.find((one) => acceptsIdentity(one.remoteIdentity, identity));
	if (connection === undefined)
		return refuseAuth(sa, `the peer says it is ${identityText(identity)}, whom no connection expects`, now);
	sa.connection = connection;
	const { messages } = phase;
	if (connection.remoteAuthentication.kind === "eap") {
		if (!sa.host.guesses.mayTry(sa.firstAddress, now)) return refuseEap(sa, tooManyGuesses, now);
		if (findPayload(payloads, "authentication") === undefined) return authenticate(sa, messages, payloads, now);
	}
	const proof = verifyPeer(sa, payloads, connection, now, {
		message: messages.initiatorMessage,
		peerNonce: messages.responderNonce,
		identityKey: sa.keys.initiatorIdentity,
		identity,
		intermediate: messages.intermediate,
	});
	if (proof.kind === "refused") return refuseAuth(sa, proof.text, now);
	if (mustAwaitCheck(sa, proof.path, { type: "await-responder-check", messages, request: payloads })) return;
	authenticate(sa, messages, payloads, now);
}

/** Whether the peer's certificate was revoked is known. */
export function onResponderChecked(sa: IkeSa, refusal: string | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type !== "await-responder-check") return;
	if (refusal !== undefined) return refuseAuth(sa, `the peer is not trusted: ${refusal}`, now);
	authenticate(sa, phase.messages, phase.request, now);
}

function authenticate(sa: IkeSa, messages: FirstMessages, request: readonly Payload[], now: number): void {
	const { localAuthentication, localIdentity, name } = sa.connection;
	const parts = {
		message: messages.responderMessage,
		peerNonce: messages.initiatorNonce,
		identityKey: sa.keys.responderIdentity,
		identity: localIdentity,
		intermediate: messages.intermediate,
	};
	const { prf } = sa.algorithms;
	if (localAuthentication.kind === "shared-key") {
		const data = sharedKeyAuth(prf, localAuthentication.key, parts);
		return finishAuth(sa, messages, request, { method: authenticationMethod.sharedKey, data }, now);
	}
	if (localAuthentication.kind === "eap") return refuseAuth(sa, "this end is a user of EAP, who has to begin", now);
	const scheme = chooseScheme(localAuthentication.publicKey, sa.peerHashes);
	if (scheme === undefined) return refuseAuth(sa, "the peer verifies no signature that our key makes", now);
	sa.phase = { type: "await-responder-signature", messages, scheme, request };
	const octets = signedOctets(prf, parts);
	sa.host.emit({ type: "sign", sa: sa.id, connection: name, scheme, octets });
}

/** The signature that was asked for. */
export function onResponderSigned(sa: IkeSa, signature: Uint8Array | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type !== "await-responder-signature") return;
	if (signature === undefined) return refuseAuth(sa, "this end could not sign with its key", now);
	finishAuth(sa, phase.messages, phase.request, encodeSignature(phase.scheme, signature), now);
}

function finishAuth(
	sa: IkeSa,
	messages: FirstMessages,
	request: readonly Payload[],
	auth: AuthenticationBody,
	now: number,
): void {
	const identity = findPayload(request, "id-initiator");
	if (identity === undefined) return;
	const own: readonly Payload[] = [
		{ type: "id-responder", ...sa.connection.localIdentity },
		...certificatePayloads(sa),
		{ type: "authentication", ...auth },
	];
	if (sa.connection.remoteAuthentication.kind === "eap") return beginEap(sa, messages, request, own);
	establish(sa, { messages, request, identity, own }, now);
}

/** The peer has proved who it is; `own` is what this end still has to say of itself. */
function establish(sa: IkeSa, { messages, request, identity, own }: PeerIsProved, now: number): void {
	// Not before: what somebody says that it is, and that it begins anew, counts when it is proved; many may begin at once.
	const { maxAssociations = Number.POSITIVE_INFINITY } = sa.connection;
	if (sa.host.othersOf(sa, isInitialContact(request) ? identity : undefined) >= maxAssociations)
		return refuseAuth(sa, `there are ${maxAssociations} associations already, as many as its gateway may have`, now);
	sa.peerIdentity = { idType: identity.idType, data: Uint8Array.from(identity.data) };
	sa.establish(now);
	sa.report("ike-established", `with ${identityText(identity)}, ${describeProposal(sa.algorithms as IkeProposal)}`);
	sa.host.onAuthenticated(sa, isInitialContact(request), now);
	sa.sendResponse(exchangeType.ikeAuth, [
		...own,
		...agreeOnMobility(sa, request),
		...answerFirstChild(sa, messages, request, now),
	]);
}

/** A child that cannot be made leaves the association of IKE as it is (RFC 7296 §1.2). */
function answerFirstChild(
	sa: IkeSa,
	messages: FirstMessages,
	request: readonly Payload[],
	now: number,
): readonly Payload[] {
	if (findPayload(request, "sa") === undefined) return [];
	const own = { spi: sa.host.newChildSpi(), random: sa.host.random };
	const answer = answerChildOffer(sa.connection.children, request, own);
	if (isRefusal(answer)) {
		sa.report("child-failed", answer.text);
		return [notify(answer.notify, answer.data)];
	}
	const child = sa.installChild(answer.agreement, false, messages, now);
	sa.report("child-established", sa.describeChild(child));
	return answer.payloads;
}

function isInitialContact(request: readonly Payload[]): boolean {
	return request.some((one) => one.type === "notify" && one.notify === notifyType.INITIAL_CONTACT);
}

function refuseAuth(sa: IkeSa, text: string, now: number): void {
	sa.sendResponse(exchangeType.ikeAuth, [notify(notifyType.AUTHENTICATION_FAILED)]);
	sa.close("ike-failed", text, now);
}

function refuse(type: number, text: string, data?: Uint8Array): InitJudgement {
	return { kind: "refuse", payload: notify(type, data), text };
}

const nonceOctets = 32;
