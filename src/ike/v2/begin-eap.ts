/** The responder's side of EAP within IKE_AUTH: a user proves who it is once this end has (RFC 7296 §2.16). */
import { createSecretKey } from "node:crypto";
import { type Identity, textIdentity } from "#ike/auth/identity.ts";
import type { PeerJudgement } from "#ike/auth/judge-peer.ts";
import { isSharedKeyAuth, sharedKeyAuth } from "#ike/auth/signed-octets.ts";
import { EapServer, type EapServerStep } from "#ike/eap/eap-server.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { BeginPhase, FirstMessages } from "#ike/v2/begin-phase.ts";
import { type IkeSa, notify } from "#ike/v2/ike-sa.ts";
import { mustAwaitCheck } from "#ike/v2/peer-check.ts";
import { authenticationMethod } from "#ike/wire/authentication.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";

/** What is known once the peer has proved who it is. */
export interface PeerIsProved {
	readonly messages: FirstMessages;
	/** What the peer asked for in its first IKE_AUTH. */
	readonly request: readonly Payload[];
	readonly identity: Identity;
	/** What this end still has to say of itself. */
	readonly own: readonly Payload[];
}

type Talk = Pick<Extract<BeginPhase, { readonly type: "expect-eap-response" }>, "messages" | "request" | "server">;

/** Says who this end is, and asks who the user is. */
export function beginEap(
	sa: IkeSa,
	messages: FirstMessages,
	request: readonly Payload[],
	own: readonly Payload[],
): void {
	const { remoteAuthentication } = sa.connection;
	if (remoteAuthentication.kind !== "eap") return;
	const server = new EapServer(remoteAuthentication, sa.host.random);
	sa.phase = { type: "expect-eap-response", messages, request, server };
	sa.sendResponse(exchangeType.ikeAuth, [...own, { type: "eap", ...server.begin() }]);
}

/** Takes what the user answers. */
export function onEapResponse(sa: IkeSa, payloads: readonly Payload[], now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-eap-response") return;
	// Asked here, too: many may have begun before the first of them failed.
	if (!sa.host.guesses.mayTry(sa.firstAddress, now)) return refuseEap(sa, tooManyGuesses, now);
	const answer = findPayload(payloads, "eap");
	if (answer === undefined) return refuseEap(sa, "the peer sent no EAP", now);
	perform(sa, phase, phase.server.take(answer), now);
}

/** What the engine of TLS says to the user's records. */
export function onEapTls(sa: IkeSa, answer: TlsAnswer | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type === "await-eap-tls") perform(sa, phase, phase.server.answerTls(answer), now);
}

/** Whether the user's certificate was revoked is known. */
export function onEapChecked(sa: IkeSa, refusal: string | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type === "await-eap-check") perform(sa, phase, phase.server.judged(refusal), now);
}

function perform(sa: IkeSa, { messages, request, server }: Talk, step: EapServerStep, now: number): void {
	const talk = { messages, request, server };
	if (step.kind === "tls") {
		sa.phase = { type: "await-eap-tls", ...talk };
		sa.host.emit({ type: "tls", sa: sa.id, connection: sa.connection.name, input: step.input, isFirst: step.isFirst });
		return;
	}
	if (step.kind === "judge") {
		const judgement = judge(sa, step, now);
		if (judgement.kind === "untrusted")
			return perform(sa, talk, server.judged(`the certificate is not trusted: ${judgement.reason}`), now);
		if (mustAwaitCheck(sa, judgement.path, { type: "await-eap-check", ...talk })) return;
		return perform(sa, talk, server.judged(undefined), now);
	}
	if (step.kind === "success")
		sa.phase = { type: "expect-eap-proof", messages, request, user: step.user, key: createSecretKey(step.key) };
	else sa.phase = { type: "expect-eap-response", ...talk };
	sa.sendResponse(exchangeType.ikeAuth, [{ type: "eap", ...step.message }]);
	if (step.kind !== "failure") return;
	if (step.isGuess) sa.host.guesses.failed(sa.firstAddress, now);
	sa.close("ike-failed", step.reason, now);
}

function judge(
	{ connection: { remoteAuthentication: users } }: IkeSa,
	{ user, certificates }: Extract<EapServerStep, { readonly kind: "judge" }>,
	now: number,
): PeerJudgement {
	const trust = users.kind === "eap" ? users.certificates : undefined;
	return (
		trust?.judge({ identity: textIdentity(user), certificates, now }) ?? {
			kind: "untrusted",
			reason: "nobody is trusted",
		}
	);
}

/** Takes the proof that the user and the peer are the same: AUTH by the key that EAP gave. What this end says to it, or nothing. */
export function onEapProof(sa: IkeSa, payloads: readonly Payload[], now: number): PeerIsProved | undefined {
	const { phase } = sa;
	if (phase.type !== "expect-eap-proof") return undefined;
	const { messages, request, user, key } = phase;
	const auth = findPayload(payloads, "authentication");
	const claimed = findPayload(request, "id-initiator");
	const { prf } = sa.algorithms;
	const { intermediate } = messages;
	const isProof =
		auth?.method === authenticationMethod.sharedKey &&
		claimed !== undefined &&
		isSharedKeyAuth(
			prf,
			key,
			{
				message: messages.initiatorMessage,
				peerNonce: messages.responderNonce,
				identityKey: sa.keys.initiatorIdentity,
				identity: claimed,
				intermediate,
			},
			auth.data,
		);
	if (!isProof) {
		refuseEap(sa, `user ${user} was let in, but the peer does not have the key that belongs to it`, now);
		return undefined;
	}
	const data = sharedKeyAuth(prf, key, {
		message: messages.responderMessage,
		peerNonce: messages.initiatorNonce,
		identityKey: sa.keys.responderIdentity,
		identity: sa.connection.localIdentity,
		intermediate,
	});
	// What the peer said that it is at first was never proved: the user is who it is (RFC 7296 §2.16).
	sa.user = user;
	const own: readonly Payload[] = [{ type: "authentication", method: authenticationMethod.sharedKey, data }];
	return { messages, request, identity: textIdentity(user), own };
}

/** Ends the negotiation without a word why. */
export function refuseEap(sa: IkeSa, text: string, now: number): void {
	sa.sendResponse(exchangeType.ikeAuth, [notify(notifyType.AUTHENTICATION_FAILED)]);
	sa.close("ike-failed", text, now);
}

export const tooManyGuesses = "too many wrong passwords from this address";
