/**
 * The TLS of one decrypted session: the server's side, the verdict on its certificate, and only then the client's side
 * (RFC 8446 §9.3; checklist N8). A session with TLS on one side only leaves the other's states out.
 *
 *   await-server-tls -> await-chain -> await-revocation -> await-context -> await-client-tls
 *
 * A server that leaves an issuer out goes by await-chain. It is owned by a session's machine, which performs its replies.
 */
import { formatAddress } from "#base/address.ts";
import { type Fault, fault } from "#base/fault.ts";
import type { FaultCode } from "#base/fault-table.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { BypassCause, Decision } from "#policy/evaluate.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import type { ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import { revocationAction } from "#proxy/revocation-action.ts";
import type { CertificateAnswer } from "#proxy/session-decision.ts";
import type { ServerVerdict, SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import type { SessionFacts } from "#proxy/session-facts.ts";
import type { TlsSides } from "#proxy/way-in.ts";
import type { LegRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";

/** A connection that is to be opened, and the ClientHello it began with. */
export interface Opening {
	readonly decision: Decision<ProxyProfile> & { readonly action: "decrypt" };
	/** Undefined when the client speaks in clear. */
	readonly hello: ClientHello | undefined;
	readonly helloOctets: Uint8Array;
	readonly sides: TlsSides;
	/** Names of the certificates that stand for the server; empty when a leaf is to be minted. */
	readonly ownCertificates: readonly string[];
	/** A fresh connection to the server would take the hello; true when absent. */
	readonly mayReconnect?: boolean;
	/** The session is let be when the server's certificate bears its name, for this reason. */
	readonly exemption?: { readonly name: string; readonly fact: string } | undefined;
	/** The server may not be the one that is named: it must be trusted, whatever the profile says of those that are not (V22). */
	readonly isDoubted?: boolean;
	/** What feeds say of the server's certificate; nothing when absent. */
	readonly certificateShown?: (verdict: ServerVerdict, now: number) => CertificateAnswer;
}

export type OpeningReply =
	| { readonly kind: "go-on"; readonly effects: readonly SessionEffect[] }
	/** TLS stands on both sides. */
	| { readonly kind: "open" }
	/** The server is one that feeds warn of. */
	| { readonly kind: "blocked"; readonly decision: BlockDecision; readonly effects: readonly SessionEffect[] }
	/** The session is not to be opened after all: its hello goes untouched over a fresh connection. */
	| { readonly kind: "let-be"; readonly cause: BypassCause; readonly fact: string }
	/** `isInTls`: the client's TLS has begun, and an alert in clear would stand amid its records. */
	| { readonly kind: "failed"; readonly fault: Fault; readonly isInTls: boolean };

type BlockDecision = Decision<ProxyProfile> & { readonly action: "block" | "bypass" };
type ServerSecured = Omit<SessionEvent & { readonly type: "server-secured" }, "type">;

type State =
	| { readonly tag: "await-server-tls" }
	| { readonly tag: "await-chain" }
	| { readonly tag: "await-revocation"; readonly settings: ProfileRevocation }
	| { readonly tag: "await-context" }
	| { readonly tag: "await-client-tls" };

export class OpeningMachine {
	readonly #opening: Opening;
	readonly #facts: SessionFacts;
	readonly #handshakeMs: number;
	#state: State = { tag: "await-server-tls" };
	/** When the wait is over, in milliseconds. */
	until = 0;

	constructor(opening: Opening, facts: SessionFacts, handshakeMs: number) {
		this.#opening = opening;
		this.#facts = facts;
		this.#handshakeMs = handshakeMs;
	}

	/** Where it stands. */
	get tag(): State["tag"] {
		return this.#state.tag;
	}

	get decision(): Opening["decision"] {
		return this.#opening.decision;
	}

	/** The client answers to the certificate now. */
	get isAwaitingClient(): boolean {
		return this.#state.tag === "await-client-tls";
	}

	start(now: number): OpeningReply {
		const { decision, hello, sides } = this.#opening;
		if (sides === "client") return this.#prepareClient(true, now);
		const host = hello?.sni ?? this.#facts.target?.host ?? "";
		return this.#wait({ tag: "await-server-tls" }, now + this.#handshakeMs, {
			type: "start-server-tls",
			hello,
			profile: decision.profile,
			host,
		});
	}

	serverSecured(secured: ServerSecured, now: number): OpeningReply {
		if (this.#state.tag !== "await-server-tls") return unexpected(this.#state, "server-secured");
		const { decision, told = nothing } = this.#opening.certificateShown?.(secured.verdict, now) ?? {};
		if (decision?.action === "block") {
			this.#facts.serverSecured(secured.leg, secured.verdict, now);
			return { kind: "blocked", decision, effects: told };
		}
		if (decision !== undefined) this.#facts.decision = decision;
		const reply = this.#serverAccepted(secured, now);
		return reply.kind === "go-on" && told.length > 0 ? { ...reply, effects: [...told, ...reply.effects] } : reply;
	}

	#serverAccepted({ leg, verdict, wantsCertificate = false, bearsName }: ServerSecured, now: number): OpeningReply {
		const { profile } = this.decision;
		const { exemption, isDoubted = false } = this.#opening;
		if (exemption !== undefined && bearsName?.() === true && (verdict.isTrusted || !isDoubted))
			return { kind: "let-be", cause: "exempt", fact: exemption.fact };
		if (wantsCertificate && this.#mayLetBe) return this.#certificateWanted();
		this.#facts.serverSecured(leg, verdict, now);
		const mayRepair = profile.repairsChains && !profile.ignoresServerAuthFailure;
		if (!mayRepair || verdict.isTrusted || verdict.isIssuerMissing !== true) return this.#askRevocation(now);
		const effect: SessionEffect = { type: "complete-chain", profile, timeoutMs: chainMs };
		return this.#wait({ tag: "await-chain" }, now + chainMs + lateMs, effect);
	}

	chainCompleted(verdict: ServerVerdict, now: number): OpeningReply {
		if (this.#state.tag !== "await-chain") return unexpected(this.#state, "chain-completed");
		this.#facts.verdict = verdict;
		return this.#askRevocation(now);
	}

	revocationKnown(found: RevocationVerdict, now: number): OpeningReply {
		const state = this.#state;
		if (state.tag !== "await-revocation") return unexpected(state, "revocation-known");
		this.#facts.revocation = found;
		const action = revocationAction(found, state.settings);
		if (action.kind === "accept") return this.#judged("SERVER_CERTIFICATE_INVALID", now);
		if (action.kind === "drop") {
			const message = `server ${this.#facts.targetText} is not connected to; ${found.sentence}; see that this host reaches responder and list, or permit it by actions ocsp if-unavailable`;
			return failed(fault("SERVER_STATUS_UNAVAILABLE", message));
		}
		this.#facts.verdict = { ...this.#facts.verdict, isTrusted: false, reason: found.sentence };
		return this.#judged(action.code, now);
	}

	contextReady(sha256: string, group: string | undefined, now: number): OpeningReply {
		if (this.#state.tag !== "await-context") return unexpected(this.#state, "context-ready");
		this.#facts.leaf = { sha256, group, isOwn: this.#opening.ownCertificates.length > 0 };
		const { helloOctets } = this.#opening;
		const effect: SessionEffect = {
			type: "start-client-tls",
			helloOctets,
			alpn: this.#clientProtocol(),
			clients: this.#opening.ownCertificates.length > 0 ? this.decision.profile.clientAuthentication : undefined,
		};
		return this.#wait({ tag: "await-client-tls" }, now + this.#handshakeMs, effect);
	}

	clientSecured(leg: LegRecord, identity: ClientIdentity | undefined, now: number): OpeningReply {
		if (this.#state.tag !== "await-client-tls") return unexpected(this.#state, "client-secured");
		this.#facts.clientSecured(leg, now);
		this.#facts.identity = identity;
		return { kind: "open" };
	}

	/** The connection to the server failed, or no certificate could be signed. */
	failed(failure: Fault, wantsCertificate = false): OpeningReply {
		if (wantsCertificate && !this.isAwaitingClient && this.#mayLetBe) return this.#certificateWanted();
		return failed(failure, this.isAwaitingClient);
	}

	/** A client that spoke TLS to its server can be left to it. */
	get #mayLetBe(): boolean {
		const { hello, sides, mayReconnect = true } = this.#opening;
		return hello !== undefined && sides === "both" && mayReconnect;
	}

	/** R172, M18: the server asks for a certificate of the client, and the gateway has presented none. */
	#certificateWanted(): OpeningReply {
		const { clientCertificateRequest: action } = this.decision.profile;
		const server = this.#facts.targetText;
		if (action === "drop") {
			const message = `server ${server} asks for a client certificate, which the gateway does not have; exempt the host, or let such servers be by client-certificate-request bypass`;
			return failed(fault("SERVER_WANTS_CLIENT_CERTIFICATE", message));
		}
		return { kind: "let-be", cause: "client-certificate", fact: `server ${server} asks for a client certificate` };
	}

	deadlinePassed(now: number): OpeningReply {
		const server = this.#facts.targetText;
		switch (this.#state.tag) {
			case "await-server-tls": {
				const message = `server ${server} did not finish its TLS handshake in time`;
				return failed(fault("SERVER_HANDSHAKE_FAILED", message));
			}
			case "await-chain":
				return this.#askRevocation(now);
			case "await-revocation":
				return this.revocationKnown(noAnswer, now);
			case "await-context":
				return failed(fault("CERTIFICATE_SIGNING_FAILED", "no certificate was signed in time"));
			case "await-client-tls": {
				const client = formatAddress(this.#facts.client.address);
				const message = `client ${client} did not finish its TLS handshake in time`;
				return failed(fault("CLIENT_HANDSHAKE_FAILED", message), true);
			}
		}
	}

	/** The path is known: is it still vouched for? */
	#askRevocation(now: number): OpeningReply {
		const { profile } = this.decision;
		const settings = profile.revocation;
		if (settings === undefined || this.#facts.verdict?.isTrusted !== true || profile.ignoresServerAuthFailure)
			return this.#judged("SERVER_CERTIFICATE_INVALID", now);
		const effect: SessionEffect = { type: "check-revocation", profile, settings };
		return this.#wait({ tag: "await-revocation", settings }, now + settings.timeoutMs + lateMs, effect);
	}

	/** Everything about the server is known; `code` is the fault when it is to be blocked. */
	#judged(code: FaultCode, now: number): OpeningReply {
		const { profile } = this.decision;
		const { verdict } = this.#facts;
		const isAccepted = verdict?.isTrusted === true || profile.ignoresServerAuthFailure;
		const isBlocked =
			profile.blocksInvalidCertificates ||
			(profile.blocksExpiredCertificates && verdict?.isExpired === true) ||
			profile.untrustedCa === undefined ||
			// No warning can be shown by a certificate that is not minted, nor to a client without TLS.
			this.#opening.ownCertificates.length > 0 ||
			this.#opening.sides === "server" ||
			this.#opening.isDoubted === true;
		if (!isAccepted && isBlocked) {
			const doubt = this.#opening.isDoubted === true ? `, and it has no address of ${this.#facts.sni}` : "";
			const message = `server ${this.#facts.targetText} is blocked; ${verdict?.reason}${doubt}; exempt it or repair its certificate`;
			return failed(fault(code, message));
		}
		return this.#prepareClient(isAccepted, now);
	}

	#prepareClient(isAccepted: boolean, now: number): OpeningReply {
		const { decision, hello, ownCertificates: ids } = this.#opening;
		const { profile } = decision;
		if (hello === undefined) return { kind: "open" };
		const signer = isAccepted ? "trusted" : "untrusted";
		const effect: SessionEffect =
			ids.length > 0
				? { type: "prepare-own-certificate", hello, ids, profile }
				: { type: "prepare-context", hello, signer, profile };
		return this.#wait({ tag: "await-context" }, now + this.#handshakeMs, effect);
	}

	/** What the server chose; HTTP/1 is all that can be said for a server in clear (R36). */
	#clientProtocol(): string | undefined {
		const { hello, sides } = this.#opening;
		if (sides !== "client") return this.#facts.serverLeg?.alpn;
		return hello?.alpn.includes("http/1.1") === true ? "http/1.1" : undefined;
	}

	#wait(state: State, until: number, effect: SessionEffect): OpeningReply {
		this.#state = state;
		this.until = until;
		return { kind: "go-on", effects: [effect] };
	}
}

function failed(failure: Fault, isInTls = false): OpeningReply {
	return { kind: "failed", fault: failure, isInTls };
}

function unexpected(state: State, event: string): never {
	throw new Error(`opening: event ${event} in state ${state.tag}`);
}

const nothing: readonly SessionEffect[] = [];
/** For all fetches of missing issuers together. */
const chainMs = 5_000;
/** Who looks is to answer in time; this is for when it does not. */
const lateMs = 1_000;
const noAnswer: RevocationVerdict = {
	answer: "unavailable",
	depth: 0,
	source: "none",
	sentence: "nothing was learned about revocation in time",
	until: undefined,
	revokedAt: undefined,
	reason: undefined,
};
