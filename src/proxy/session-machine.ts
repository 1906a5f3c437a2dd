/**
 * One connection through the explicit forward proxy, from the CONNECT request to the record.
 *
 *   expect-request -> await-resolve -> await-connect -> expect-hello -> await-server-tls -> await-revocation
 *      -> await-context -> await-client-tls -> await-relay-end -> closed
 *
 * Bypass goes from expect-hello to await-relay-end. A server that leaves an issuer out goes by await-chain to
 * await-revocation.
 *
 * The server is connected to and verified before the client sees a ServerHello (RFC 8446 §9.3; checklist N8). The
 * machine decides; the shell performs effects and reports what happened.
 */
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { type Fault, fault } from "#base/fault.ts";
import { type FaultCode, faultTable } from "#base/fault-table.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import type { PlainRequest } from "#onboarding/request.ts";
import type { OnboardingSite, SiteAnswer } from "#onboarding/site.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { type ConnectionFacts, type Decision, evaluateConnect, evaluateHello, type Policy } from "#policy/evaluate.ts";
import { ConnectMachine, type ConnectRequest } from "#proxy/connect-machine.ts";
import { type LearnedEntry, type LearnedServer, learnedKey } from "#proxy/learned-bypass.ts";
import type { ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import { revocationAction } from "#proxy/revocation-action.ts";
import { isLocalTarget } from "#proxy/target.ts";
import { type OwnTest, TrustCheckMachine, type TrustCheckReply } from "#proxy/trust-check-machine.ts";
import type { Finding, InspectionState, LegRecord, SessionRecord } from "#telemetry/session-record.ts";
import { encodeAlert } from "#tls/alert.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ClientHelloReader, type FirstOctets } from "#tls/client-hello-reader.ts";
import { ja3, ja4 } from "#tls/fingerprint.ts";

/** What is said of the server's certificate. */
export interface ServerVerdict {
	readonly isTrusted: boolean;
	/** "trusted", or the first reason why it is not, in words. */
	readonly reason: string;
	/** A certificate of the chain has expired. */
	readonly isExpired?: boolean;
	/** All that is missing is an issuer's certificate, which the server should have sent. */
	readonly isIssuerMissing?: boolean;
	/** Trusted by the help of certificates that were fetched. */
	readonly isRepaired?: boolean;
}

/** How many milliseconds each wait may take. */
export interface SessionTimeouts {
	readonly requestMs: number;
	readonly helloMs: number;
	readonly connectMs: number;
	readonly handshakeMs: number;
	readonly idleMs: number;
}

/** What does not change between the sessions of one listener. */
export interface SessionContext {
	readonly listener: string;
	/** The zone that the clients of the listener count as; by their addresses when undefined. */
	readonly fromZone?: string | undefined;
	readonly policy: Policy<ProxyProfile>;
	readonly timeouts: SessionTimeouts;
	/** True when clients may reach loopback and link-local addresses through the proxy. */
	readonly mayReachLocal: boolean;
	/** What was learned about a server, by `learnedKey`. */
	readonly learned?: (key: string) => LearnedEntry | undefined;
	/** True when the address and port are one of the gateway's own listeners. */
	readonly isOwnListener: (address: Address, port: number) => boolean;
	/** The gateway's own page and test; undefined when they are disabled. */
	readonly onboarding: OnboardingSite | undefined;
}

/** Who connected. */
export interface SessionClient {
	readonly address: Address;
	readonly port: number;
	/** Address and port at which it reached the proxy. */
	readonly reachedAt: string;
}

export type SessionEvent =
	| { readonly type: "client-octets"; readonly octets: Uint8Array }
	| { readonly type: "client-ended"; readonly why: string }
	| { readonly type: "server-resolved"; readonly addresses: readonly Address[] }
	| { readonly type: "server-connected"; readonly address: Address }
	| { readonly type: "server-failed"; readonly fault: Fault }
	| { readonly type: "server-secured"; readonly leg: LegRecord; readonly verdict: ServerVerdict }
	/** Judged again, with the issuers that could be fetched. */
	| { readonly type: "chain-completed"; readonly verdict: ServerVerdict }
	| { readonly type: "revocation-known"; readonly verdict: RevocationVerdict }
	| { readonly type: "context-ready"; readonly certificateSha256: string; readonly group: string | undefined }
	| { readonly type: "context-failed"; readonly fault: Fault }
	| { readonly type: "client-secured"; readonly leg: LegRecord }
	| { readonly type: "client-failed"; readonly fault: Fault }
	/** What the client sent to the gateway's own TLS end. */
	| { readonly type: "client-plaintext"; readonly octets: Uint8Array }
	/** Everything of `answer-client` has left. */
	| { readonly type: "answer-sent" }
	| { readonly type: "relay-ended"; readonly summary: RelaySummary }
	| { readonly type: "deadline-passed" };

/** What the relay counted and found. */
export interface RelaySummary {
	readonly octetsToServer: number;
	readonly octetsToClient: number;
	readonly requests: number;
	readonly findings: readonly Finding[];
	readonly inspection: InspectionState;
	readonly why: string;
	readonly faultCode?: string | undefined;
}

export type SessionEffect =
	| { readonly type: "send-client"; readonly octets: Uint8Array }
	| { readonly type: "resolve-server"; readonly host: string }
	| { readonly type: "connect-server"; readonly addresses: readonly Address[]; readonly port: number }
	| {
			readonly type: "start-server-tls";
			readonly hello: ClientHello;
			readonly profile: ProxyProfile;
			/** The name to verify: the SNI, else the host of the request. */
			readonly host: string;
	  }
	/** Fetch the issuers that the server did not send, and judge it again. */
	| { readonly type: "complete-chain"; readonly profile: ProxyProfile; readonly timeoutMs: number }
	/** Whether a certificate of the server's validated path was revoked. */
	| { readonly type: "check-revocation"; readonly profile: ProxyProfile; readonly settings: ProfileRevocation }
	| { readonly type: "prepare-context"; readonly signer: "trusted" | "untrusted"; readonly profile: ProxyProfile }
	| { readonly type: "start-client-tls"; readonly helloOctets: Uint8Array; readonly alpn: string | undefined }
	| {
			readonly type: "relay";
			readonly mode: "bypass" | "decrypted";
			readonly first: Uint8Array;
			readonly decision: Decision<ProxyProfile>;
	  }
	/** The context of the gateway's own TLS end, under a name of its own. */
	| {
			readonly type: "prepare-own-context";
			readonly hello: ClientHello;
			readonly host: string;
			/** Name of the signing CA. */
			readonly signer: string;
	  }
	| { readonly type: "read-plaintext" }
	/** The gateway's own last word, in TLS where TLS stands. */
	| { readonly type: "answer-client"; readonly octets: Uint8Array }
	/** End: what was sent is flushed and both sides are closed. Reset: TCP RST to the client. */
	| { readonly type: "close"; readonly manner: "end" | "reset" };

type State =
	| { readonly tag: "expect-request"; readonly machine: ConnectMachine; readonly until: number }
	| { readonly tag: "await-resolve"; readonly request: ConnectRequest; readonly until: number }
	| { readonly tag: "await-connect"; readonly request: ConnectRequest; readonly until: number }
	| { readonly tag: "expect-hello"; readonly reader: ClientHelloReader; readonly until: number }
	| { readonly tag: "await-server-tls"; readonly decrypt: Decrypting; readonly until: number }
	| { readonly tag: "await-chain"; readonly decrypt: Decrypting; readonly until: number }
	| {
			readonly tag: "await-revocation";
			readonly decrypt: Decrypting;
			readonly settings: ProfileRevocation;
			readonly until: number;
	  }
	| { readonly tag: "await-context"; readonly decrypt: Decrypting; readonly until: number }
	| { readonly tag: "await-client-tls"; readonly decrypt: Decrypting; readonly until: number }
	| { readonly tag: "await-relay-end"; readonly isDecrypted: boolean }
	| { readonly tag: "in-trust-check"; readonly machine: TrustCheckMachine }
	| { readonly tag: "await-answer-sent"; readonly answer: SiteAnswer; readonly until: number }
	| { readonly tag: "closed" };

interface Decrypting {
	readonly decision: Decision<ProxyProfile> & { readonly action: "decrypt" };
	readonly hello: ClientHello;
	readonly helloOctets: Uint8Array;
}

/** The machine. `step` takes one event and answers what to do; the record grows inside it. */
export class SessionMachine {
	readonly id: string;
	readonly #context: SessionContext;
	readonly #client: Address;
	readonly #clientPort: number;
	readonly #reachedAt: string;
	readonly #startedAt: number;
	#state: State;
	#request: ConnectRequest | undefined;
	#server: Address | undefined;
	#helloFacts: Partial<SessionRecord> | undefined;
	#decision: Decision<ProxyProfile> | undefined;
	/** Why there is no decision: the gateway itself was meant. */
	#ownFact: string | undefined;
	#serverLeg: LegRecord | undefined;
	#clientLeg: LegRecord | undefined;
	#verdict: ServerVerdict | undefined;
	#revocation: RevocationVerdict | undefined;
	#leaf: { sha256: string; group: string | undefined } | undefined;
	#summary: RelaySummary | undefined;
	#timing: { helloMs?: number; serverReadyMs?: number; clientReadyMs?: number } = {};
	#end: { why: string; faultCode?: string } | undefined;
	#endedAt = 0;

	constructor(id: string, context: SessionContext, client: SessionClient, now: number) {
		this.id = id;
		this.#context = context;
		this.#client = client.address;
		this.#clientPort = client.port;
		this.#reachedAt = client.reachedAt;
		this.#startedAt = now;
		this.#state = { tag: "expect-request", machine: new ConnectMachine(), until: now + context.timeouts.requestMs };
	}

	/** True while octets of the client are input of this machine; the shell stops reading otherwise. */
	get wantsOctets(): boolean {
		const state = this.#state;
		if (state.tag === "in-trust-check") return state.machine.wantsOctets;
		return state.tag === "expect-request" || state.tag === "expect-hello";
	}

	/** The profile of the decision; undefined before there is one, or when no profile took part. */
	get profile(): ProxyProfile | undefined {
		return this.#decision?.profile;
	}

	/** Why the server is not trusted; undefined when it is, or when that is not known yet. */
	get distrust(): string | undefined {
		return this.#verdict?.isTrusted === false ? this.#verdict.reason : undefined;
	}

	/** The server whose leaf the client refuses now, if that may teach something; undefined when it may not. */
	get refusedServer(): LearnedServer | undefined {
		return this.#state.tag === "await-client-tls" ? this.#learnable(this.#state.decrypt.decision.profile) : undefined;
	}

	get isClosed(): boolean {
		return this.#state.tag === "closed";
	}

	/** When `deadline-passed` is due, in milliseconds; Infinity while relaying (the relay has its own idle time). */
	deadline(): number {
		if (this.#state.tag === "in-trust-check") return this.#state.machine.until;
		return "until" in this.#state ? this.#state.until : Number.POSITIVE_INFINITY;
	}

	/** One line for a person: where the session stands. */
	describe(): string {
		return `${this.id} ${this.#state.tag} ${this.#request?.host ?? "-"}`;
	}

	/** After the close whatever is late is answered with nothing. */
	step(event: SessionEvent, now: number): readonly SessionEffect[] {
		if (this.isClosed) return nothing;
		if (this.#state.tag === "in-trust-check") this.#noteOwnEnd(event, now);
		switch (event.type) {
			case "client-octets":
				return this.#clientOctets(event.octets, now);
			case "client-ended":
				return this.#close(now, this.#whyEnded(event.why));
			case "server-resolved":
				return this.#resolved(event.addresses, now);
			case "server-connected":
				return this.#connected(event.address, now);
			case "server-failed":
				return this.#serverFailed(event.fault, now);
			case "server-secured":
				return this.#secured(event.leg, event.verdict, now);
			case "chain-completed":
				return this.#chainCompleted(event.verdict, now);
			case "revocation-known":
				return this.#revocationKnown(event.verdict, now);
			case "context-ready":
				return this.#contextReady(event.certificateSha256, event.group, now);
			case "context-failed":
				return this.#failHandshake(event.fault, now);
			case "client-secured":
				return this.#clientSecured(event.leg, now);
			case "client-failed":
				return this.#close(now, event.fault.message, event.fault.code);
			case "client-plaintext":
				return this.#plaintext(event.octets, now);
			case "answer-sent":
				return this.#answerSent(now);
			case "relay-ended":
				this.#summary = event.summary;
				return this.#close(now, event.summary.why, event.summary.faultCode);
			case "deadline-passed":
				return this.#deadlinePassed(now);
		}
	}

	/** The record of the connection; whole once the machine is closed. */
	record(): SessionRecord {
		const summary = this.#summary;
		const leaf = this.#leaf;
		const clientLeg = this.#clientLeg && {
			...this.#clientLeg,
			...(leaf?.group === undefined || isWithoutKeyExchange(this.#clientLeg) ? {} : { group: leaf.group }),
			...(leaf === undefined ? {} : { certificateSha256: leaf.sha256 }),
		};
		return {
			id: this.id,
			startedAt: this.#startedAt,
			endedAt: this.#endedAt,
			listener: this.#context.listener,
			client: { address: formatAddress(this.#client), port: this.#clientPort },
			server: {
				host: this.#request?.host ?? "",
				port: this.#request?.port ?? 0,
				...(this.#server === undefined ? {} : { address: formatAddress(this.#server) }),
			},
			...this.#helloFacts,
			decision: this.#decision?.action ?? "none",
			rule: this.#decision?.rule ?? "",
			fact: this.#decision?.fact ?? this.#ownFact ?? "",
			...(this.#decision?.profile === undefined ? {} : { profile: this.#decision.profile.name }),
			inspection: summary?.inspection ?? "not decrypted",
			...(clientLeg === undefined ? {} : { clientLeg }),
			...(this.#serverLeg === undefined ? {} : { serverLeg: this.#serverLeg }),
			...(this.#verdict === undefined ? {} : { serverTrust: this.#verdict.reason }),
			...(this.#verdict?.isRepaired === true ? { isChainRepaired: true } : {}),
			...(this.#revocation === undefined ? {} : { revocation: revocationFacts(this.#revocation) }),
			octetsToServer: summary?.octetsToServer ?? 0,
			octetsToClient: summary?.octetsToClient ?? 0,
			requests: summary?.requests ?? 0,
			findings: summary?.findings ?? [],
			timing: this.#timing,
			endedBecause: this.#end?.why ?? "",
			...(this.#end?.faultCode === undefined ? {} : { faultCode: this.#end.faultCode }),
		};
	}

	#clientOctets(octets: Uint8Array, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "expect-request") return this.#requestOctets(state.machine, octets, now);
		if (state.tag === "expect-hello") return this.#helloOctets(state.reader, octets, now);
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.clientOctets(octets, now), now);
		return unexpected(state, "client-octets");
	}

	#requestOctets(machine: ConnectMachine, octets: Uint8Array, now: number): readonly SessionEffect[] {
		const answer = machine.push(octets);
		if (answer.kind === "need-more") return nothing;
		if (answer.kind === "refuse") return this.#refuse(answer.fault, now);
		if (answer.kind === "plain") return this.#plainRequest(answer.request, answer.fault, now);
		const { request } = answer;
		this.#request = request;
		const { onboarding } = this.#context;
		if (onboarding?.test !== undefined && request.host === onboarding.test.host && request.port === 443) {
			return this.#beginTrustCheck(onboarding, onboarding.test, request.rest, now);
		}
		const literal = parseAddress(request.host);
		const verdict = evaluateConnect(this.#context.policy, this.#facts(literal, now));
		if (verdict !== undefined) return this.#refuseByPolicy(verdict, now);
		this.#state = { tag: "await-resolve", request, until: now + this.#context.timeouts.connectMs };
		if (literal !== undefined) return this.#resolved([literal], now);
		return [{ type: "resolve-server", host: request.host }];
	}

	#resolved(addresses: readonly Address[], now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-resolve") return unexpected(state, "server-resolved");
		const { request } = state;
		const allowed = addresses.filter((address) => this.#mayConnect(address, request.port));
		const first = allowed[0];
		if (first === undefined) {
			return this.#refuse(this.#targetFault(request, addresses), now);
		}
		const verdict = evaluateConnect(this.#context.policy, this.#facts(first, now));
		if (verdict !== undefined) return this.#refuseByPolicy(verdict, now);
		this.#state = { tag: "await-connect", request, until: now + this.#context.timeouts.connectMs };
		return [{ type: "connect-server", addresses: allowed, port: request.port }];
	}

	#connected(address: Address, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-connect") return unexpected(state, "server-connected");
		this.#server = address;
		const reader = new ClientHelloReader();
		this.#state = { tag: "expect-hello", reader, until: now + this.#context.timeouts.helloMs };
		const established: SessionEffect = { type: "send-client", octets: connectionEstablished };
		if (state.request.rest.length === 0) return [established];
		return [established, ...this.#helloOctets(reader, state.request.rest, now)];
	}

	#helloOctets(reader: ClientHelloReader, octets: Uint8Array, now: number): readonly SessionEffect[] {
		const answer = reader.push(octets);
		switch (answer.kind) {
			case "need-more":
				return nothing;
			case "not-tls":
				return this.#nonTls(answer.looksLike, reader, now);
			case "malformed":
			case "too-large": {
				const code = answer.kind === "too-large" ? "CLIENT_HELLO_TOO_LARGE" : "CLIENT_HELLO_MALFORMED";
				const message = `client ${formatAddress(this.#client)} sent a ClientHello that is refused; ${answer.reason}`;
				return this.#failHandshake(fault(code, message), now);
			}
			case "hello":
				return this.#helloDone(answer.hello, reader.original(), now);
		}
	}

	#helloDone(hello: ClientHello, helloOctets: Uint8Array, now: number): readonly SessionEffect[] {
		if (hello.serverName.kind === "invalid") {
			const message = `client ${formatAddress(this.#client)} sent a server name that is none; expected a host name, got ${JSON.stringify(hello.serverName.text)}`;
			return this.#failHandshake(fault("CLIENT_HELLO_MALFORMED", message), now);
		}
		this.#helloFacts = helloFacts(hello);
		this.#timing.helloMs = now - this.#startedAt;
		const decision = this.#unlessLearned(evaluateHello(this.#context.policy, this.#facts(this.#server, now)), now);
		this.#decision = decision;
		if (decision.action === "block") {
			const why = `blocked by ${decision.rule} because ${decision.fact}`;
			return [{ type: "send-client", octets: encodeAlert("access_denied") }, ...this.#close(now, why)];
		}
		if (decision.action !== "decrypt") {
			this.#state = { tag: "await-relay-end", isDecrypted: false };
			return [{ type: "relay", mode: "bypass", first: helloOctets, decision }];
		}
		const decrypt = { decision, hello, helloOctets };
		this.#state = { tag: "await-server-tls", decrypt, until: now + this.#context.timeouts.handshakeMs };
		const host = hello.sni ?? this.#request?.host ?? "";
		return [{ type: "start-server-tls", hello, profile: decision.profile, host }];
	}

	/** Clients have taught that this server's sessions cannot be opened. */
	#unlessLearned(decision: Decision<ProxyProfile>, now: number): Decision<ProxyProfile> {
		if (decision.action !== "decrypt") return decision;
		const server = this.#learnable(decision.profile);
		const entry = server === undefined ? undefined : this.#context.learned?.(learnedKey(server));
		if (entry === undefined || entry.until <= now) return decision;
		const name = entry.sni === "" ? entry.host : entry.sni;
		const until = new Date(entry.until).toISOString().replace(/\.\d+Z$/, "Z");
		const fact = `${entry.clients} clients refused the gateway's certificate for ${name}; learned until ${until}`;
		return { ...decision, action: "bypass", fact };
	}

	/** Not of sources and names that are always decrypted. */
	#learnable(profile: ProxyProfile): LearnedServer | undefined {
		if (profile.learnedBypass === undefined) return undefined;
		if (profile.alwaysDecryptSources.matchAddress(this.#client) !== undefined) return undefined;
		const { host = "", port = 0 } = this.#request ?? {};
		const sni = this.#helloFacts?.sni ?? "";
		if ([host, sni].some((name) => profile.overrides.match(name) !== undefined)) return undefined;
		return { profile: profile.name, host, port, sni };
	}

	#nonTls(looksLike: FirstOctets, reader: ClientHelloReader, now: number): readonly SessionEffect[] {
		const decision = evaluateHello(this.#context.policy, this.#facts(this.#server, now));
		this.#decision = decision;
		// SSL 2.0 is refused even where other protocols pass (R160).
		const mayPass =
			looksLike !== "sslv2" &&
			(decision.action === "bypass" || (decision.action === "decrypt" && decision.profile.passesNonTls));
		if (mayPass) {
			this.#decision = { ...decision, action: "bypass", fact: `${decision.fact}; it is not TLS (${looksLike})` };
			this.#state = { tag: "await-relay-end", isDecrypted: false };
			return [{ type: "relay", mode: "bypass", first: reader.original(), decision: this.#decision }];
		}
		const message = `client ${formatAddress(this.#client)} does not speak TLS inside the tunnel; expected a ClientHello, got ${looksLike}`;
		return this.#close(now, message, "CLIENT_NOT_TLS");
	}

	#secured(leg: LegRecord, verdict: ServerVerdict, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-server-tls") return unexpected(state, "server-secured");
		const { decrypt } = state;
		const { profile } = decrypt.decision;
		this.#serverLeg = leg;
		this.#verdict = verdict;
		this.#timing.serverReadyMs = now - this.#startedAt;
		const mayRepair = profile.repairsChains && !profile.ignoresServerAuthFailure;
		if (!mayRepair || verdict.isTrusted || verdict.isIssuerMissing !== true) return this.#askRevocation(decrypt, now);
		this.#state = { tag: "await-chain", decrypt, until: now + chainMs + lateMs };
		return [{ type: "complete-chain", profile, timeoutMs: chainMs }];
	}

	#chainCompleted(verdict: ServerVerdict, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-chain") return unexpected(state, "chain-completed");
		this.#verdict = verdict;
		return this.#askRevocation(state.decrypt, now);
	}

	/** The path is known: is it still vouched for? */
	#askRevocation(decrypt: Decrypting, now: number): readonly SessionEffect[] {
		const { profile } = decrypt.decision;
		const settings = profile.revocation;
		if (settings === undefined || this.#verdict?.isTrusted !== true || profile.ignoresServerAuthFailure)
			return this.#judged(decrypt, "SERVER_CERTIFICATE_INVALID", now);
		this.#state = { tag: "await-revocation", decrypt, settings, until: now + settings.timeoutMs + lateMs };
		return [{ type: "check-revocation", profile, settings }];
	}

	#revocationKnown(found: RevocationVerdict, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-revocation") return unexpected(state, "revocation-known");
		this.#revocation = found;
		const action = revocationAction(found, state.settings);
		if (action.kind === "accept") return this.#judged(state.decrypt, "SERVER_CERTIFICATE_INVALID", now);
		if (action.kind === "drop") {
			const message = `server ${this.#target()} is not connected to; ${found.sentence}; see that this host reaches responder and list, or permit it by actions ocsp if-unavailable`;
			return this.#failHandshake(fault("SERVER_STATUS_UNAVAILABLE", message), now);
		}
		this.#verdict = { ...this.#verdict, isTrusted: false, reason: found.sentence };
		return this.#judged(state.decrypt, action.code, now);
	}

	/** Everything about the server is known; `code` is the fault when it is to be blocked. */
	#judged(decrypt: Decrypting, code: FaultCode, now: number): readonly SessionEffect[] {
		const { profile } = decrypt.decision;
		const verdict = this.#verdict;
		const isAccepted = verdict?.isTrusted === true || profile.ignoresServerAuthFailure;
		const isBlocked =
			profile.blocksInvalidCertificates ||
			(profile.blocksExpiredCertificates && verdict?.isExpired === true) ||
			profile.untrustedCa === undefined;
		if (!isAccepted && isBlocked) {
			const message = `server ${this.#target()} is blocked; ${verdict?.reason}; exempt it or repair its certificate`;
			return this.#failHandshake(fault(code, message), now);
		}
		this.#state = { tag: "await-context", decrypt, until: now + this.#context.timeouts.handshakeMs };
		return [{ type: "prepare-context", signer: isAccepted ? "trusted" : "untrusted", profile }];
	}

	#contextReady(sha256: string, group: string | undefined, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.contextReady(now), now);
		if (state.tag !== "await-context") return unexpected(state, "context-ready");
		const { decrypt } = state;
		this.#leaf = { sha256, group };
		this.#state = { tag: "await-client-tls", decrypt, until: now + this.#context.timeouts.handshakeMs };
		return [{ type: "start-client-tls", helloOctets: decrypt.helloOctets, alpn: this.#serverLeg?.alpn }];
	}

	#clientSecured(leg: LegRecord, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.secured(now), now);
		if (state.tag !== "await-client-tls") return unexpected(state, "client-secured");
		this.#clientLeg = leg;
		this.#timing.clientReadyMs = now - this.#startedAt;
		this.#state = { tag: "await-relay-end", isDecrypted: true };
		return [{ type: "relay", mode: "decrypted", first: noOctets, decision: state.decrypt.decision }];
	}

	#serverFailed(failure: Fault, now: number): readonly SessionEffect[] {
		const { tag } = this.#state;
		if (tag === "await-resolve" || tag === "await-connect") return this.#refuse(failure, now);
		// From here on the client's TLS owns what it is sent: an alert in clear would stand amid its records.
		if (tag === "await-client-tls" || tag === "await-relay-end")
			return this.#close(now, failure.message, failure.code, "reset");
		return this.#failHandshake(failure, now);
	}

	#deadlinePassed(now: number): readonly SessionEffect[] {
		const state = this.#state;
		const who = formatAddress(this.#client);
		const target = this.#target();
		switch (state.tag) {
			case "expect-request":
				return this.#refuse(state.machine.timedOut(), now);
			case "await-resolve":
			case "await-connect":
				return this.#refuse(fault("SERVER_CONNECT_TIMEOUT", `server ${target} did not answer in time`), now);
			case "expect-hello": {
				const message = `client ${who} did not send a ClientHello in time; got ${state.reader.original().length} octets`;
				return this.#failHandshake(fault("CLIENT_HELLO_TIMEOUT", message), now);
			}
			case "await-server-tls": {
				const message = `server ${target} did not finish its TLS handshake in time`;
				return this.#failHandshake(fault("SERVER_HANDSHAKE_FAILED", message), now);
			}
			case "await-chain":
				return this.#askRevocation(state.decrypt, now);
			case "await-revocation":
				return this.#revocationKnown(noAnswer, now);
			case "await-context":
				return this.#failHandshake(fault("CERTIFICATE_SIGNING_FAILED", "no certificate was signed in time"), now);
			case "in-trust-check":
				return this.#trustCheck(state.machine.timedOut(who), now);
			case "await-answer-sent":
				return this.#close(
					now,
					`${state.answer.says}; client ${who} did not take all of it in time`,
					undefined,
					"reset",
				);
			case "await-client-tls": {
				const failure = fault("CLIENT_HANDSHAKE_FAILED", `client ${who} did not finish its TLS handshake in time`);
				return this.#close(now, failure.message, failure.code, "reset");
			}
			default:
				return nothing;
		}
	}

	/** A request whose method is not CONNECT: for the gateway's own page, or refused. */
	#plainRequest(request: PlainRequest, failure: Fault, now: number): readonly SessionEffect[] {
		const visit = { sessionId: this.id, reachedAt: this.#reachedAt };
		const answer = this.#context.onboarding?.answer(request, visit);
		return answer === undefined ? this.#refuse(failure, now) : this.#answer(answer, now);
	}

	/** The client wants to know whether it trusts the CA: the gateway is the server. */
	#beginTrustCheck(site: OnboardingSite, test: OwnTest, rest: Uint8Array, now: number): readonly SessionEffect[] {
		const machine = new TrustCheckMachine(site, test, this.id, this.#context.timeouts, now);
		this.#ownFact = "onboarding";
		this.#state = { tag: "in-trust-check", machine };
		const established: SessionEffect = { type: "send-client", octets: connectionEstablished };
		if (rest.length === 0) return [established];
		return [established, ...this.#trustCheck(machine.clientOctets(rest, now), now)];
	}

	#trustCheck(reply: TrustCheckReply, now: number): readonly SessionEffect[] {
		switch (reply.kind) {
			case "go-on":
				if (reply.hello !== undefined) {
					this.#helloFacts = helloFacts(reply.hello);
					this.#timing.helloMs = now - this.#startedAt;
				}
				return reply.effects;
			case "answer":
				return this.#answer(reply.answer, now);
			case "failed":
				return reply.isInTls
					? this.#close(now, reply.fault.message, reply.fault.code, "reset")
					: this.#failHandshake(reply.fault, now);
		}
	}

	/** What the record tells of the gateway's own TLS end. */
	#noteOwnEnd(event: SessionEvent, now: number): void {
		if (event.type === "context-ready") this.#leaf = { sha256: event.certificateSha256, group: event.group };
		else if (event.type === "client-secured") {
			this.#clientLeg = event.leg;
			this.#timing.clientReadyMs = now - this.#startedAt;
		}
	}

	#whyEnded(why: string): string {
		const state = this.#state;
		if (state.tag !== "in-trust-check" || !state.machine.isSecured) return why;
		return `${why} right after the handshake, without a request; it may not trust the CA`;
	}

	#plaintext(octets: Uint8Array, now: number): readonly SessionEffect[] {
		const state = this.#state;
		// Whatever comes behind the request that is being answered.
		if (state.tag !== "in-trust-check") return nothing;
		return this.#trustCheck(state.machine.plaintext(octets), now);
	}

	#answer(answer: SiteAnswer, now: number): readonly SessionEffect[] {
		this.#ownFact = "onboarding";
		this.#state = { tag: "await-answer-sent", answer, until: now + this.#context.timeouts.handshakeMs };
		return [{ type: "answer-client", octets: answer.octets }];
	}

	#answerSent(now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-answer-sent") return unexpected(state, "answer-sent");
		return this.#close(now, state.answer.says, state.answer.faultCode);
	}

	/** An answer in HTTP, while the client still waits for the answer to CONNECT. */
	#refuse(failure: Fault, now: number): readonly SessionEffect[] {
		const status = httpStatus(failure);
		const headers = status === 405 ? "Allow: CONNECT\r\n" : "";
		const page = encodeBlockPage({ status, sentence: `${failure.message}.`, sessionId: this.id, headers });
		return [{ type: "send-client", octets: page }, ...this.#close(now, failure.message, failure.code)];
	}

	#refuseByPolicy(decision: Decision<ProxyProfile>, now: number): readonly SessionEffect[] {
		this.#decision = decision;
		const why = `blocked by ${decision.rule} because ${decision.fact}`;
		const sentence = "The policy of this network does not permit this connection.";
		const page = encodeBlockPage({ status: 403, sentence, rule: decision.rule, sessionId: this.id });
		return [{ type: "send-client", octets: page }, ...this.#close(now, why)];
	}

	/** An answer in TLS, once the tunnel is open and before the client's handshake has begun: one plaintext alert. */
	#failHandshake(failure: Fault, now: number): readonly SessionEffect[] {
		const alert = faultTable[failure.code] as { tls?: number };
		const effects: SessionEffect[] = [];
		if (alert.tls !== undefined) effects.push({ type: "send-client", octets: encodeAlert(alert.tls) });
		return [...effects, ...this.#close(now, failure.message, failure.code)];
	}

	#close(now: number, why: string, faultCode?: string, manner: "end" | "reset" = "end"): readonly SessionEffect[] {
		this.#state = { tag: "closed" };
		this.#endedAt = now;
		this.#end = faultCode === undefined ? { why } : { why, faultCode };
		return [{ type: "close", manner }];
	}

	#target(): string {
		return `${this.#request?.host}:${this.#request?.port}`;
	}

	#mayConnect(address: Address, port: number): boolean {
		if (this.#context.isOwnListener(address, port)) return false;
		return this.#context.mayReachLocal || !isLocalTarget(address);
	}

	/** No address of the target may be connected to. */
	#targetFault(request: ConnectRequest, addresses: readonly Address[]): Fault {
		const target = `target ${request.host}:${request.port} is refused`;
		const got = addresses.map(formatAddress).join(", ");
		if (addresses.some((address) => this.#context.isOwnListener(address, request.port))) {
			const message = `${target}; expected a server, got ${got}, where the gateway itself listens; correct the client's target`;
			return fault("PROXY_LOOP_REFUSED", message, { got });
		}
		const message = `${target}; expected an address outside this host, got ${got}; set permit-local-targets on listener ${this.#context.listener} if clients may reach it`;
		return fault("PROXY_TARGET_REFUSED", message, { got });
	}

	#facts(server: Address | undefined, now: number): ConnectionFacts {
		const host = this.#request?.host ?? "";
		return {
			fromZone: this.#context.fromZone,
			now,
			client: this.#client,
			server,
			port: this.#request?.port ?? 0,
			requestedName: parseAddress(host) === undefined ? host : undefined,
			sni: this.#helloFacts?.sni,
		};
	}
}

function helloFacts(hello: ClientHello): Partial<SessionRecord> {
	return {
		...(hello.sni === undefined ? {} : { sni: hello.sni }),
		ja3: ja3(hello),
		ja4: ja4(hello),
		hasEch: hello.hasEch,
	};
}

function revocationFacts({ answer, source, sentence }: RevocationVerdict) {
	return { answer, source, sentence };
}

/** Before TLS 1.3 a resumed session takes its key from the first one. */
function isWithoutKeyExchange(leg: LegRecord): boolean {
	return leg.isResumed && leg.version !== "TLSv1.3";
}

function httpStatus(failure: Fault): 400 | 403 | 405 | 408 | 431 | 502 | 503 | 504 {
	return (faultTable[failure.code] as { http?: 400 | 403 | 405 | 408 | 431 | 502 | 503 | 504 }).http ?? 502;
}

function unexpected(state: State, event: string): never {
	throw new Error(`session machine: event ${event} in state ${state.tag}`);
}

const nothing: readonly SessionEffect[] = [];
/** Who looks is to answer in time; this is for when it does not. */
/** For all fetches of missing issuers together. */
const chainMs = 5_000;
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
const noOctets = new Uint8Array(0);
const connectionEstablished = Buffer.from("HTTP/1.1 200 Connection established\r\n\r\n", "latin1");
