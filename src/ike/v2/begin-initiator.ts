/** The initiator's side of IKE_SA_INIT and IKE_AUTH (RFC 7296 §1.2, §2.6, §2.7, §2.15). */
import { acceptsIdentity, identityText } from "#ike/auth/identity.ts";
import { acceptedHashes, chooseScheme, decodeHashAlgorithms, encodeSignature } from "#ike/auth/signature.ts";
import { sharedKeyAuth, signedOctets } from "#ike/auth/signed-octets.ts";
import { beginKeyExchange } from "#ike/crypto/agree-key.ts";
import { deriveIkeKeys, firstKeySeed } from "#ike/crypto/derive-keys.ts";
import { describeProposal, encodeIkeProposals, type IkeProposal } from "#ike/crypto/proposal.ts";
import { selectIkeProposal } from "#ike/crypto/select-proposal.ts";
import { type GroupRow, groupOfId } from "#ike/crypto/transform-table.ts";
import { askedByEap, judgeEapProof, onEapRequest, type PeerProved } from "#ike/v2/ask-eap.ts";
import { askIntermediate, onIntermediateResponse } from "#ike/v2/begin-intermediate.ts";
import type { FirstMessages } from "#ike/v2/begin-phase.ts";
import { type ChildOffer, encodeChildOffer, isRefusal, readChildAnswer } from "#ike/v2/child-exchange.ts";
import type { Path } from "#ike/v2/connection.ts";
import { errorName, type IkeSa, notify, type OpenedMessage } from "#ike/v2/ike-sa.ts";
import { detectNat, natDetectionPayloads } from "#ike/v2/nat-detection.ts";
import { mustAwaitCheck } from "#ike/v2/peer-check.ts";
import { verifyPeer } from "#ike/v2/verify-peer.ts";
import { type AuthenticationBody, authenticationMethod } from "#ike/wire/authentication.ts";
import { certificateEncoding } from "#ike/wire/certificate.ts";
import { exchangeType } from "#ike/wire/header.ts";
import type { Message } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";

/** Sends the first message. */
export function beginInitiator(sa: IkeSa, now: number): void {
	const [first] = sa.connection.proposals;
	if (first === undefined) throw new Error(`connection ${sa.connection.name} has no proposal`);
	sendInit(sa, first.group, undefined, 0, now);
}

/** Takes an answer to the first message: not authenticated yet, so it may only lead to another attempt or to keys. */
export function onInitResponse(sa: IkeSa, message: Message, datagram: Uint8Array, path: Path, now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-init-response" || message.header.messageId !== 0) return;
	const { payloads, header } = message;
	const cookie = findNotify(payloads, notifyType.COOKIE)?.data;
	if (cookie !== undefined) return restart(sa, phase.exchange.group, cookie, now);
	const wanted = findNotify(payloads, notifyType.INVALID_KE_PAYLOAD)?.data;
	if (wanted !== undefined) {
		const group = groupOfId(((wanted[0] ?? 0) << 8) | (wanted[1] ?? 0));
		const isOurs = group !== undefined && sa.connection.proposals.some((one) => one.group.id === group.id);
		if (isOurs && group.id !== phase.exchange.group.id) return restart(sa, group, phase.cookie, now);
		return doubt(sa, `the peer wants the group ${group?.name ?? "unknown"}, which is not offered`, now);
	}
	const refused = errorName(payloads);
	if (refused !== undefined) {
		const offered = sa.connection.proposals.map(describeProposal).join(", ");
		return doubt(sa, `the peer answered ${refused}; we offer ${offered}`, now);
	}
	const answer = findPayload(payloads, "sa")?.proposals ?? [];
	const ke = findPayload(payloads, "ke");
	const nonce = findPayload(payloads, "nonce")?.data;
	const isReserved = header.responderSpi.every((octet) => octet === 0);
	if (ke === undefined || nonce === undefined || isReserved || message.unsupportedCritical !== undefined) return;
	const selection = answer.length === 1 ? selectIkeProposal(answer, sa.connection.proposals, 0) : undefined;
	if (selection === undefined || selection.chosen.group.id !== ke.group || ke.group !== phase.exchange.group.id)
		return doubt(sa, "the peer answered with a proposal that was not offered", now);
	const { additional = [] } = selection.chosen;
	const mayGoOn = findNotify(payloads, notifyType.INTERMEDIATE_EXCHANGE_SUPPORTED) !== undefined;
	if (additional.length > 0 && !mayGoOn)
		return doubt(sa, "the peer agreed to further key exchanges without saying that it can do them", now);
	const secret = phase.exchange.finish(ke.data);
	if (secret === undefined) return doubt(sa, `the peer's public value is none of ${selection.chosen.group.name}`, now);
	sa.requests.close(0);
	sa.responderSpi = Uint8Array.from(header.responderSpi);
	const inputs = {
		initiatorNonce: phase.nonce,
		responderNonce: Uint8Array.from(nonce),
		initiatorSpi: sa.initiatorSpi,
		responderSpi: sa.responderSpi,
	};
	const seed = firstKeySeed(selection.chosen.prf, inputs, secret);
	sa.protection = { proposal: selection.chosen, keys: deriveIkeKeys(selection.chosen, seed, inputs) };
	notePeer(sa, payloads);
	sa.nat = detectNat(payloads, header, path);
	// Who may move later goes to the port that passes translations at once (RFC 4555 §3.3).
	if (sa.isEncapsulated || (sa.connection.isMobile === true && !sa.nat.isUnsupported))
		sa.path = onPort(sa.path, sa.host.settings.ports.nat);
	const messages: FirstMessages = {
		initiatorMessage: phase.request,
		initiatorNonce: inputs.initiatorNonce,
		responderMessage: Uint8Array.from(datagram),
		responderNonce: inputs.responderNonce,
		intermediate: new Uint8Array(0),
	};
	const isCertificateWanted = findPayload(payloads, "certificate-request") !== undefined;
	if (!askIntermediate(sa, additional, { messages, isCertificateWanted }, now))
		authenticate(sa, messages, isCertificateWanted, now);
}

/** The signature that was asked for. */
export function onInitiatorSigned(sa: IkeSa, signature: Uint8Array | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type !== "await-initiator-signature") return;
	if (signature === undefined) return fail(sa, "this end could not sign with its key", now);
	sendAuth(sa, phase.messages, encodeSignature(phase.scheme, signature), now);
}

/** Takes the answers behind the first one. */
export function onBeginResponse(sa: IkeSa, message: OpenedMessage, now: number): void {
	const { phase } = sa;
	if (phase.type === "expect-auth-response") return onAuthResponse(sa, message.payloads, now);
	if (phase.type === "expect-eap-request") return onEapRequest(sa, message.payloads, now);
	if (phase.type === "expect-eap-proof-response") {
		const refusal = judgeEapProof(sa, message.payloads);
		if (refusal !== undefined) return refuse(sa, refusal, now);
		return finish(sa, phase, message.payloads, now);
	}
	const asked = onIntermediateResponse(sa, message, now);
	if (asked !== undefined) authenticate(sa, asked.messages, asked.isCertificateWanted, now);
}

/** Takes the answer to IKE_AUTH: who the peer is, and the first child. */
function onAuthResponse(sa: IkeSa, payloads: readonly Payload[], now: number): void {
	const { phase } = sa;
	if (phase.type !== "expect-auth-response") return;
	const identity = findPayload(payloads, "id-responder");
	if (identity === undefined) {
		const refused = errorName(payloads) ?? "no identity";
		return fail(sa, `the peer answered ${refused} to the authentication`, now);
	}
	const { connection, keys } = sa;
	if (!acceptsIdentity(connection.remoteIdentity, identity))
		return refuse(sa, `the peer says it is ${identityText(identity)}; expected another identity`, now);
	const proof = verifyPeer(sa, payloads, connection, now, {
		message: phase.messages.responderMessage,
		peerNonce: phase.messages.initiatorNonce,
		identityKey: keys.responderIdentity,
		identity,
		intermediate: phase.messages.intermediate,
	});
	if (proof.kind === "refused") return refuse(sa, proof.text, now);
	const { messages, offer } = phase;
	if (mustAwaitCheck(sa, proof.path, { type: "await-initiator-check", messages, offer, answer: payloads })) return;
	goOn(sa, { messages, offer }, payloads, now);
}

/** Whether the peer's certificate was revoked is known. */
export function onInitiatorChecked(sa: IkeSa, refusal: string | undefined, now: number): void {
	const { phase } = sa;
	if (phase.type !== "await-initiator-check") return;
	if (refusal !== undefined) return refuse(sa, `the peer is not trusted: ${refusal}`, now);
	goOn(sa, phase, phase.answer, now);
}

/** The peer has proved who it is; a user of EAP still has to. */
function goOn(
	sa: IkeSa,
	{ messages, offer }: Omit<PeerProved, "identity">,
	payloads: readonly Payload[],
	now: number,
): void {
	const identity = findPayload(payloads, "id-responder");
	if (identity === undefined) return;
	const { localAuthentication } = sa.connection;
	const proved = { messages, offer, identity: { idType: identity.idType, data: Uint8Array.from(identity.data) } };
	if (localAuthentication.kind === "eap") return askedByEap(sa, proved, localAuthentication, payloads, now);
	finish(sa, proved, payloads, now);
}

/** Both ends have proved who they are. */
function finish(sa: IkeSa, { messages, offer, identity }: PeerProved, payloads: readonly Payload[], now: number): void {
	sa.peerIdentity = identity;
	const canMove = findNotify(payloads, notifyType.MOBIKE_SUPPORTED) !== undefined;
	if (sa.connection.isMobile === true && canMove) sa.mover = "self";
	sa.establish(now);
	sa.report("ike-established", `with ${identityText(identity)}, ${describeProposal(sa.algorithms as never)}`);
	sa.host.onAuthenticated(sa, false, now);
	if (offer === undefined) return;
	const answer = readChildAnswer(offer, payloads);
	if (isRefusal(answer)) return sa.report("child-failed", `child ${offer.config.name}: ${answer.text}`);
	const child = sa.installChild(answer, true, messages, now);
	sa.report("child-established", sa.describeChild(child));
}

/** What both ends say of themselves beside the exchange. */
export function abilityPayloads(
	sa: Pick<IkeSa, "connection" | "path" | "initiatorSpi" | "responderSpi">,
	hasFurtherExchanges: boolean,
): readonly Payload[] {
	return [
		...(sa.connection.hasNatTraversal ? natDetectionPayloads(sa, sa.path) : []),
		notify(notifyType.IKEV2_FRAGMENTATION_SUPPORTED),
		notify(notifyType.SIGNATURE_HASH_ALGORITHMS, acceptedHashes),
		...(hasFurtherExchanges ? [notify(notifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)] : []),
	];
}

/** True when further key exchanges follow (RFC 9370). */
export function hasAdditional({ additional = [] }: Pick<IkeProposal, "additional">): boolean {
	return additional.length > 0;
}

/** Notes what the peer says of itself. */
export function notePeer(sa: IkeSa, payloads: readonly Payload[]): void {
	sa.canPeerReadFragments = findNotify(payloads, notifyType.IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;
	const hashes = findNotify(payloads, notifyType.SIGNATURE_HASH_ALGORITHMS);
	const decoded = hashes && decodeHashAlgorithms(hashes.data);
	sa.peerHashes = decoded?.kind === "done" ? decoded.value : undefined;
}

/** The certificates of this end, its own first. */
export function certificatePayloads(sa: IkeSa): readonly Payload[] {
	const { localAuthentication } = sa.connection;
	if (localAuthentication.kind !== "certificate") return [];
	return localAuthentication.certificates.map((data) => ({
		type: "certificate",
		encoding: certificateEncoding.x509Signature,
		data,
	}));
}

/** Which authorities this end trusts, when the peer is to show a certificate. */
export function certificateRequestPayloads(sa: Pick<IkeSa, "connection">): readonly Payload[] {
	const { remoteAuthentication } = sa.connection;
	if (remoteAuthentication.kind !== "certificate") return [];
	const { authorities } = remoteAuthentication;
	return [{ type: "certificate-request", encoding: certificateEncoding.x509Signature, authorities }];
}

function sendInit(sa: IkeSa, group: GroupRow, cookie: Uint8Array | undefined, restarts: number, now: number): void {
	sa.endsAt = now + attemptTime * sa.host.settings.halfOpenLifetime;
	const old = sa.phase.type === "expect-init-response" ? sa.phase : undefined;
	const isSameGroup = old?.exchange.group.id === group.id;
	const exchange = old !== undefined && isSameGroup ? old.exchange : beginKeyExchange(group, sa.host.random);
	const nonce = old?.nonce ?? sa.host.random(nonceOctets);
	const request = sa.sendPlainRequest(
		exchangeType.ikeSaInit,
		[
			...(cookie === undefined ? [] : [notify(notifyType.COOKIE, cookie)]),
			{ type: "sa", proposals: encodeIkeProposals(sa.connection.proposals, new Uint8Array(0)) },
			{ type: "ke", group: group.id, data: exchange.publicValue },
			{ type: "nonce", data: nonce },
			...abilityPayloads(sa, sa.connection.proposals.some(hasAdditional)),
		],
		now,
	);
	sa.phase = { type: "expect-init-response", exchange, nonce, request, cookie, restarts };
}

/** Begins again with the same SPI and nonce, as the peer asks; a peer that asks for ever is not obeyed. */
function restart(sa: IkeSa, group: GroupRow, cookie: Uint8Array | undefined, now: number): void {
	if (sa.phase.type !== "expect-init-response") return;
	const { restarts } = sa.phase;
	if (restarts >= maxRestarts) return;
	sendInit(sa, group, cookie === undefined ? undefined : Uint8Array.from(cookie), restarts + 1, now);
}

/**
 * Anybody who has seen the first message can have answered so: for a while the peer may still answer otherwise (RFC 7296
 * §2.21.1). Then the attempt ends.
 */
function doubt(sa: IkeSa, refusal: string, now: number): void {
	if (sa.phase.type !== "expect-init-response" || sa.phase.refusal !== undefined) return;
	sa.phase = { ...sa.phase, refusal };
	sa.endsAt = now + sa.host.settings.refusalPatience;
}

function authenticate(sa: IkeSa, messages: FirstMessages, isCertificateWanted: boolean, now: number): void {
	const { localAuthentication, localIdentity } = sa.connection;
	const parts = {
		message: messages.initiatorMessage,
		peerNonce: messages.responderNonce,
		identityKey: sa.keys.initiatorIdentity,
		identity: localIdentity,
		intermediate: messages.intermediate,
	};
	const { prf } = sa.algorithms;
	if (localAuthentication.kind === "shared-key") {
		const data = sharedKeyAuth(prf, localAuthentication.key, parts);
		return sendAuth(sa, messages, { method: authenticationMethod.sharedKey, data }, now);
	}
	// Who says nothing of how it proves itself asks for EAP (RFC 7296 §2.16).
	if (localAuthentication.kind === "eap") return sendAuth(sa, messages, undefined, now);
	const scheme = chooseScheme(localAuthentication.publicKey, sa.peerHashes);
	if (scheme === undefined) return fail(sa, "the peer verifies no signature that our key makes", now);
	sa.phase = { type: "await-initiator-signature", messages, scheme, isCertificateWanted };
	const octets = signedOctets(prf, parts);
	sa.host.emit({ type: "sign", sa: sa.id, connection: sa.connection.name, scheme, octets });
}

function sendAuth(sa: IkeSa, messages: FirstMessages, auth: AuthenticationBody | undefined, now: number): void {
	const { connection } = sa;
	const config = sa.firstChild;
	const offer: ChildOffer | undefined = config && {
		config,
		spi: sa.host.newChildSpi(),
		localSelectors: config.localSelectors,
		remoteSelectors: config.remoteSelectors,
	};
	sa.phase = { type: "expect-auth-response", messages, offer };
	sa.sendRequest(
		exchangeType.ikeAuth,
		[
			{ type: "id-initiator", ...connection.localIdentity },
			...certificatePayloads(sa),
			...(sa.host.isFirstContact(sa) ? [notify(notifyType.INITIAL_CONTACT)] : []),
			...certificateRequestPayloads(sa),
			...(connection.isMobile === true ? [notify(notifyType.MOBIKE_SUPPORTED)] : []),
			...(auth === undefined ? [] : [{ type: "authentication", ...auth } as const]),
			...(offer === undefined ? [] : encodeChildOffer(offer)),
		],
		now,
	);
}

function onPort({ local, remote }: Path, port: number): Path {
	return { local: { ...local, port }, remote: { ...remote, port } };
}

/** The peer holds the association for established: it is told. */
function refuse(sa: IkeSa, text: string, now: number): void {
	sa.report("ike-failed", text);
	sa.phase = { type: "established" };
	sa.enqueue(sa.handlers.newDeleteTask(notifyType.AUTHENTICATION_FAILED), now);
}

function fail(sa: IkeSa, text: string, now: number): void {
	sa.close("ike-failed", text, now);
}

const nonceOctets = 32;
const maxRestarts = 4;
/** An attempt may take so many times as long as a peer of ours has. */
const attemptTime = 4;
