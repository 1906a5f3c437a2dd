/** The initiator's side of EAP within IKE_AUTH: once the peer has proved itself by its certificate, the user does (RFC 7296 §2.16). */
import { createSecretKey } from "node:crypto";
import type { Identity } from "#ike/auth/identity.ts";
import { isSharedKeyAuth, sharedKeyAuth } from "#ike/auth/signed-octets.ts";
import { EapClient, type EapCredentials } from "#ike/eap/eap-client.ts";
import type { FirstMessages } from "#ike/v2/begin-phase.ts";
import type { ChildOffer } from "#ike/v2/child-exchange.ts";
import { errorName, type IkeSa } from "#ike/v2/ike-sa.ts";
import { authenticationMethod } from "#ike/wire/authentication.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { findPayload, type Payload } from "#ike/wire/payload.ts";

/** What is known once the peer has proved who it is. */
export interface PeerProved {
	readonly messages: FirstMessages;
	readonly offer: ChildOffer | undefined;
	readonly identity: Identity;
}

/** The answer to the first IKE_AUTH, with the peer's first question. */
export function askedByEap(
	sa: IkeSa,
	proved: PeerProved,
	credentials: EapCredentials,
	payloads: readonly Payload[],
	now: number,
): void {
	const client = new EapClient(credentials, sa.host.random);
	sa.phase = { type: "expect-eap-request", ...proved, client };
	onEapRequest(sa, payloads, now);
}

/** Answers a question, or proves that this end and the user are the same. */
export function onEapRequest(sa: IkeSa, payloads: readonly Payload[], now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-eap-request") return;
	const question = findPayload(payloads, "eap");
	if (question === undefined) {
		const refused = errorName(payloads) ?? "no EAP";
		return sa.close("ike-failed", `the peer answered ${refused} to the user`, now);
	}
	const step = phase.client.take(question);
	if (step.kind === "failure") return sa.close("ike-failed", step.reason, now);
	if (step.kind === "answer") return sa.sendRequest(exchangeType.ikeAuth, [{ type: "eap", ...step.message }], now);
	const { messages, offer, identity } = phase;
	const key = createSecretKey(step.key);
	const data = sharedKeyAuth(sa.algorithms.prf, key, {
		message: messages.initiatorMessage,
		peerNonce: messages.responderNonce,
		identityKey: sa.keys.initiatorIdentity,
		identity: sa.connection.localIdentity,
		intermediate: messages.intermediate,
	});
	sa.phase = { type: "expect-eap-proof-response", messages, offer, identity, key };
	const method = authenticationMethod.sharedKey;
	sa.sendRequest(exchangeType.ikeAuth, [{ type: "authentication", method, data }], now);
}

/** Whether the peer has the key that EAP gave; why not, when it has not. */
export function judgeEapProof(sa: IkeSa, payloads: readonly Payload[]): string | undefined {
	const { phase } = sa;
	if (phase.type !== "expect-eap-proof-response") return "no proof is expected";
	const { messages, identity, key } = phase;
	const auth = findPayload(payloads, "authentication");
	if (auth === undefined) return `the peer answered ${errorName(payloads) ?? "nothing"} to the user's proof`;
	const parts = {
		message: messages.responderMessage,
		peerNonce: messages.initiatorNonce,
		identityKey: sa.keys.responderIdentity,
		identity,
		intermediate: messages.intermediate,
	};
	const isProof =
		auth.method === authenticationMethod.sharedKey && isSharedKeyAuth(sa.algorithms.prf, key, parts, auth.data);
	return isProof ? undefined : "the peer does not have the key that EAP gave";
}
