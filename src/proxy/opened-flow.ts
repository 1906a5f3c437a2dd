/**
 * DTLS that is opened: on both sides (reverse), towards the client alone (offload) or towards the server alone (encrypt).
 *
 *   expect-hello -> await-resolve -> await-server -> server-handshake -> [await-revocation] -> client-handshake -> open -> ended
 *
 * A client is taken up once it has returned our cookie; one that speaks in clear begins at await-resolve. The server is connected to
 * and its certificate judged before the client sees a ServerHello (checklist N8). Each datagram stays one.
 */
import { hash } from "node:crypto";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import type { FaultCode } from "#base/fault-table.ts";
import type { DtlsEnd } from "#dtls/association.ts";
import type { DtlsClient } from "#dtls/client-machine.ts";
import type { DtlsOutcome } from "#dtls/handshake-result.ts";
import { helloFragments } from "#dtls/hello-fragments.ts";
import type { DtlsServer } from "#dtls/server-machine.ts";
import { forward, type PlaintextStream } from "#inspect/plaintext-stream.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import { makeDtlsClient, makeDtlsServer } from "#proxy/dtls-legs.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import { FlowRate } from "#proxy/flow-rate.ts";
import type { JudgedServer } from "#proxy/judge-server.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { revocationAction } from "#proxy/revocation-action.ts";
import { SessionDecision } from "#proxy/session-decision.ts";
import type { SessionClient, SessionContext } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import { ownServer, type TlsSides, tlsSides } from "#proxy/way-in.ts";
import type { LegRecord } from "#telemetry/session-record.ts";
import { type AlertName, alertOf } from "#tls/alert.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { groupOf } from "#tls/key-exchange-groups.ts";

type Tag =
	| "expect-hello"
	| "await-resolve"
	| "await-server"
	| "server-handshake"
	| "await-revocation"
	| "client-handshake"
	| "open"
	| "ended";

export class OpenedFlow implements DatagramFlow {
	readonly #context: SessionContext;
	readonly #idleMs: number;
	readonly #resources: DtlsResources;
	readonly #ports: FlowPorts;
	readonly #facts: SessionFacts;
	readonly #policy: SessionDecision;
	readonly #sides: TlsSides;
	/** Towards the client; undefined where it speaks in clear. */
	readonly #server: DtlsServer | undefined;
	/** Towards the server; undefined before, and where it speaks in clear. */
	#client: DtlsClient | undefined;
	#tag: Tag;
	#until: number;
	#isProven = false;
	#random: Uint8Array | undefined;
	#hello: ClientHello | undefined;
	#judged: JudgedServer | undefined;
	#stream: PlaintextStream | undefined;
	/** Datagrams of a client in clear, until there is a server. */
	#held: Uint8Array[] = [];
	#heldOctets = 0;
	#rate = new FlowRate(undefined);
	#toServer = 0;
	#toClient = 0;
	#isReported = false;

	constructor(
		id: string,
		client: SessionClient,
		context: SessionContext,
		idleMs: number,
		resources: DtlsResources,
		ports: FlowPorts,
		now: number,
	) {
		this.#context = context;
		this.#idleMs = idleMs;
		this.#resources = resources;
		this.#ports = ports;
		this.#facts = new SessionFacts(id, context.listener, client, now);
		this.#policy = new SessionDecision(context, this.#facts);
		this.#sides = tlsSides(context.way);
		this.#tag = "expect-hello";
		this.#until = now + context.timeouts.helloMs;
		this.#server = this.#sides === "server" ? undefined : this.#makeServer(client);
	}

	get isProven(): boolean {
		return this.#isProven;
	}

	get isEnded(): boolean {
		return this.#tag === "ended";
	}

	get isGone(): boolean {
		return this.isEnded;
	}

	get decision(): Decision<ProxyProfile> | undefined {
		return this.#facts.decision;
	}

	get deadline(): number {
		const { deadline: toClient = Number.POSITIVE_INFINITY } = this.#server ?? {};
		const { deadline: toServer = Number.POSITIVE_INFINITY } = this.#client ?? {};
		return Math.min(this.#until, toClient, toServer);
	}

	beginsAnew(datagram: Uint8Array): boolean {
		const own = this.#random;
		if (this.#server === undefined || own === undefined) return false;
		return randomsOf(datagram).some((random) => !equalBytes(random, own));
	}

	fromClient(datagram: Uint8Array, now: number): void {
		if (this.isEnded) return;
		if (this.#server === undefined) return this.#clearFromClient(datagram, now);
		this.#random ??= randomsOf(datagram)[0];
		this.#server.receive(datagram, now);
	}

	fromServer(datagram: Uint8Array, now: number): void {
		if (this.isEnded) return;
		if (this.#client !== undefined) this.#client.receive(datagram, now);
		else if (this.#sides === "client") this.#dataOfServer(datagram, now);
	}

	resolved(addresses: readonly Address[], now: number): void {
		const { target } = this.#facts;
		if (this.#tag !== "await-resolve" || target === undefined) return;
		const address = addresses.find((one) => this.#policy.mayConnect(one, target.port));
		if (address === undefined) return this.failed(this.#policy.targetFault(target, addresses), now);
		this.#facts.server = address;
		const decision = this.#policy.narrowed(this.#policy.evaluate(now), now);
		this.#facts.decision = decision;
		for (const { event } of this.#policy.begun(decision, now)) this.#ports.tell(event);
		if (decision.action === "block") return this.#blocked(now);
		if (decision.action === "bypass") return this.#cannotLetBe(now);
		const { rateLimit } = decision;
		this.#rate = new FlowRate(rateLimit && this.#context.precedence?.bucket?.(rateLimit));
		this.#wait("await-server", now + this.#context.timeouts.connectMs);
		this.#ports.openServer(address, target.port);
	}

	opened(now: number): void {
		if (this.#tag !== "await-server") return;
		if (this.#sides === "client") return this.#answerClient(now);
		this.#wait("server-handshake", now + this.#context.timeouts.handshakeMs);
		this.#client = this.#makeClient();
		this.#client.start(now);
	}

	failed(failure: Fault, now: number): void {
		this.#refuse(failure, "internal_error", now);
	}

	tick(now: number): void {
		this.#server?.tick(now);
		this.#client?.tick(now);
		if (this.isEnded || now < this.#until) return;
		const who = formatAddress(this.#facts.client.address);
		const server = this.#facts.targetText;
		switch (this.#tag) {
			case "expect-hello": {
				const message = `client ${who} did not prove that it receives at its address`;
				return this.#close(now, message, "CLIENT_ADDRESS_UNPROVEN");
			}
			case "await-resolve":
			case "await-server":
				return this.failed(fault("SERVER_CONNECT_TIMEOUT", `server ${server} was not reached in time`), now);
			case "server-handshake": {
				const message = `server ${server} did not finish its DTLS handshake in time`;
				return this.failed(fault("SERVER_HANDSHAKE_FAILED", message), now);
			}
			case "await-revocation":
				return this.#revocationKnown(noAnswer, now);
			case "client-handshake": {
				const message = `client ${who} did not finish its DTLS handshake in time`;
				return this.#close(now, message, "CLIENT_HANDSHAKE_FAILED");
			}
			case "open": {
				const message = `neither client ${who} nor server ${server} sent anything for ${this.#idleMs / 1000} seconds`;
				return this.#close(now, message, "SESSION_IDLE_TIMEOUT");
			}
		}
	}

	end(why: string, now: number): void {
		this.#close(now, why, undefined);
	}

	#makeServer({ address, port }: SessionClient): DtlsServer {
		const { legs, clientAuthentication } = this.#wayProfile();
		return makeDtlsServer(
			legs.client,
			`${formatAddress(address)} ${port}`,
			clientAuthentication !== undefined,
			this.#resources,
			{
				send: (datagram) => this.#ports.sendClient(datagram),
				hello: (hello, now) => this.#greeted(hello, now),
				judgeClient: (chain, now) => this.#judgeClient(chain, now),
				established: (outcome, now) => this.#clientSecured(outcome, now),
				data: (octets, now) => this.#dataOfClient(octets, now),
				ended: (end, now) => this.#clientEnded(end, now),
			},
		);
	}

	#makeClient(): DtlsClient {
		const profile = this.#decided();
		const host = this.#serverName();
		return makeDtlsClient(
			profile.legs.server,
			host,
			this.#hello,
			this.#resources.clientIdentity(profile, host),
			this.#resources,
			{
				send: (datagram) => this.#ports.sendServer(datagram),
				certificates: (chain, now) => this.#judgeServer(chain, now),
				established: (outcome, now) => this.#serverSecured(outcome, now),
				data: (octets, now) => this.#dataOfServer(octets, now),
				ended: (end, now) => this.#serverEnded(end, now),
			},
		);
	}

	/** The profile of the listener; a policy may add inspection to it. */
	#wayProfile(): ProxyProfile {
		const { way } = this.#context;
		if (!("profile" in way)) throw new Error(`opened flow: listener ${this.#context.listener} has no profile`);
		return way.profile;
	}

	#decided(): ProxyProfile {
		return this.#facts.decision?.profile ?? this.#wayProfile();
	}

	/** The name to verify: the one that the client asks for, else that of the listener's server. */
	#serverName(): string {
		return this.#hello?.sni ?? this.#facts.target?.host ?? "";
	}

	/** The client's address is proven. */
	#greeted(hello: ClientHello, now: number): void {
		this.#hello = hello;
		this.#prove();
		this.#facts.helloRead(hello, now);
		if (hello.serverName.kind === "invalid") {
			const who = formatAddress(this.#facts.client.address);
			const message = `client ${who} sent a server name that is none; expected a host name, got ${JSON.stringify(hello.serverName.text)}`;
			return this.#refuse(fault("CLIENT_HELLO_MALFORMED", message), "decode_error", now);
		}
		this.#reach(now);
	}

	#prove(): void {
		if (this.#isProven) return;
		this.#isProven = true;
		this.#ports.proved();
	}

	#reach(now: number): void {
		const target = ownServer(this.#context.way);
		if (target === undefined) throw new Error("opened flow: its listener has no server");
		this.#facts.target = target;
		const literal = parseAddress(target.host);
		const verdict = this.#policy.beforeHello(literal, now);
		if (verdict !== undefined) {
			this.#facts.decision = verdict;
			return this.#blocked(now);
		}
		this.#wait("await-resolve", now + this.#context.timeouts.connectMs);
		if (literal === undefined) this.#ports.resolve(target.host);
		else this.resolved([literal], now);
	}

	#clearFromClient(datagram: Uint8Array, now: number): void {
		if (this.#tag === "open") return this.#dataOfClient(datagram, now);
		if (this.#held.length < maxHeld && this.#heldOctets + datagram.length <= maxHeldOctets) {
			this.#heldOctets += datagram.length;
			this.#held.push(Uint8Array.from(datagram));
		}
		if (this.#tag === "expect-hello") this.#reach(now);
	}

	#judgeServer(chain: readonly Uint8Array[], now: number): void {
		const profile = this.#decided();
		const judgement = this.#resources.judgeServer(chain, this.#serverName(), profile, now);
		if (judgement.kind === "unreadable") {
			const message = `server ${this.#facts.targetText} presented a certificate that cannot be read: ${judgement.reason}`;
			return this.#distrust("SERVER_CERTIFICATE_MALFORMED", message, "bad_certificate", now);
		}
		const { judged } = judgement;
		this.#judged = judged;
		this.#facts.verdict = judged;
		const { decision } = this.#facts;
		const shown = decision && this.#policy.certificateShown(decision, judged, now);
		for (const { event } of shown?.told ?? []) this.#ports.tell(event);
		this.#facts.decision = shown?.decision;
		if (shown?.decision.action === "block") return this.#blocked(now);
		if (profile.ignoresServerAuthFailure) return this.#client?.accept(now);
		if (!judged.isTrusted) {
			const message = `server ${this.#facts.targetText} is blocked; ${judged.reason}; repair its certificate`;
			return this.#distrust("SERVER_CERTIFICATE_INVALID", message, "bad_certificate", now);
		}
		const settings = profile.revocation;
		if (settings === undefined) return this.#client?.accept(now);
		this.#wait("await-revocation", now + settings.timeoutMs + lateMs);
		this.#resources.checkRevocation(judged, profile, settings, (verdict) => this.#revocationKnown(verdict, now));
	}

	#revocationKnown(found: RevocationVerdict, now: number): void {
		const settings = this.#decided().revocation;
		if (this.#tag !== "await-revocation" || settings === undefined) return;
		this.#facts.revocation = found;
		const action = revocationAction(found, settings);
		if (action.kind === "accept") {
			this.#wait("server-handshake", now + this.#context.timeouts.handshakeMs);
			return this.#client?.accept(now);
		}
		if (action.kind === "distrust")
			this.#facts.verdict = { ...this.#facts.verdict, isTrusted: false, reason: found.sentence };
		const code = action.kind === "drop" ? "SERVER_STATUS_UNAVAILABLE" : action.code;
		const message = `server ${this.#facts.targetText} is blocked; ${found.sentence}`;
		this.#distrust(code, message, "certificate_revoked", now);
	}

	/** Both ends are told: the server why, the client that it cannot be reached. */
	#distrust(code: FaultCode, message: string, alert: AlertName, now: number): void {
		this.#refuse(fault(code, message), "access_denied", now, alert);
	}

	#serverSecured(outcome: DtlsOutcome, now: number): void {
		const { certificate } = this.#judged ?? {};
		const leg = legOf(outcome, certificate?.fingerprint);
		this.#facts.serverSecured(leg, this.#facts.verdict ?? { isTrusted: false, reason: "" }, now);
		if (this.#sides === "server") return this.#open(now);
		this.#answerClient(now);
	}

	#answerClient(now: number): void {
		const hello = this.#hello;
		if (hello === undefined) return;
		this.#wait("client-handshake", now + this.#context.timeouts.handshakeMs);
		const ids = this.#context.ownCertificates(this.#decided(), hello.sni);
		const identities = this.#resources.identities(ids);
		if (identities.length === 0) {
			const message = `listener ${this.#context.listener} has no certificate for ${hello.sni ?? "a client that names no server"}; add one to its profile`;
			return this.#refuse(fault("CERTIFICATE_SIGNING_FAILED", message), "unrecognized_name", now);
		}
		this.#server?.answer(identities, this.#facts.serverLeg?.alpn, now);
	}

	#judgeClient(chain: readonly Uint8Array[], now: number) {
		const clients = this.#decided().clientAuthentication;
		if (clients === undefined || (chain.length === 0 && !clients.isRequired)) return undefined;
		const judgement = this.#resources.judgeClient(chain, clients, now);
		if (judgement.kind === "refused") {
			const alert: AlertName = chain.length === 0 ? "handshake_failure" : "bad_certificate";
			return { alert, reason: `the client's certificate was refused: ${judgement.reason}` };
		}
		this.#facts.identity = judgement.identity;
		return undefined;
	}

	#clientSecured(outcome: DtlsOutcome, now: number): void {
		const shown = this.#server?.shown;
		const sha256 = shown === undefined ? undefined : hash("sha256", shown, "hex");
		this.#facts.clientSecured({ ...legOf(outcome, sha256), isOwnCertificate: true }, now);
		this.#open(now);
	}

	#open(now: number): void {
		this.#wait("open", now + this.#idleMs);
		this.#prove();
		const held = this.#held;
		this.#held = [];
		if (this.#facts.decision?.isTrusted !== true) this.#stream = this.#inspect(this.#facts);
		for (const datagram of held) this.#dataOfClient(datagram, now);
	}

	#inspect({ client, server, target, decision }: SessionFacts): PlaintextStream | undefined {
		return this.#resources.inspect({
			profile: this.#decided(),
			sessionId: this.#facts.id,
			rule: decision?.rule ?? "",
			tls: inWords(this.#facts.clientLeg ?? this.#facts.serverLeg),
			client: {
				address: formatAddress(client.address),
				port: client.port,
				...(this.#server === undefined ? { isForgeable: true } : {}),
			},
			server: { address: server === undefined ? "" : formatAddress(server), port: target?.port ?? 0 },
			fromZone: this.#context.fromZone,
			requestedName: this.#facts.requestedName,
			hello: this.#hello,
			certificate: this.#judged?.certificate,
		});
	}

	#dataOfClient(octets: Uint8Array, now: number): void {
		if (this.#tag !== "open" || !this.#mayPass(octets, "client", now)) return;
		// What is longer than a record gets lost, as a datagram may.
		if (this.#client?.write(octets) === false) return;
		if (this.#client === undefined) this.#ports.sendServer(octets);
		this.#toServer += octets.length;
	}

	#dataOfServer(octets: Uint8Array, now: number): void {
		if (this.#tag !== "open" || !this.#mayPass(octets, "server", now)) return;
		if (this.#server?.write(octets) === false) return;
		if (this.#server === undefined) this.#ports.sendClient(octets);
		this.#toClient += octets.length;
	}

	/** A datagram passes whole or not at all: nothing is held. */
	#mayPass(octets: Uint8Array, from: "client" | "server", now: number): boolean {
		this.#until = now + this.#idleMs;
		if (!this.#rate.passes(octets.length, now)) return false;
		const stream = this.#stream;
		if (stream === undefined) return true;
		const answer = from === "client" ? stream.fromClient(octets) : stream.fromServer(octets);
		if (answer === forward) return true;
		this.#close(now, stream.stop?.why ?? "stopped by inspection", stream.stop?.faultCode as FaultCode | undefined);
		return false;
	}

	#clientEnded(end: DtlsEnd, now: number): void {
		if (this.isEnded) return;
		if (end.kind === "closed-by-peer" && this.#tag === "open")
			return this.#close(now, "the client closed the connection", undefined);
		const who = formatAddress(this.#facts.client.address);
		const message = `the DTLS of client ${who} failed: ${end.reason}`;
		if (this.#tag === "open") return this.#close(now, message, undefined);
		const isRefused = end.kind === "alert-received" && alertOf(end.alert ?? 0).isCertificateRefused;
		const isUntrusted = /certificate was refused/.test(end.reason);
		const code = isRefused
			? "CLIENT_REFUSED_OWN_CERTIFICATE"
			: isUntrusted
				? "CLIENT_CERTIFICATE_REFUSED"
				: "CLIENT_HANDSHAKE_FAILED";
		this.#close(now, message, code);
	}

	#serverEnded(end: DtlsEnd, now: number): void {
		if (this.isEnded) return;
		if (end.kind === "closed-by-peer" && this.#tag === "open")
			return this.#close(now, "the server closed the connection", undefined);
		const message = `the DTLS of server ${this.#facts.targetText} failed: ${end.reason}`;
		if (this.#tag === "open") return this.#close(now, message, undefined);
		this.#refuse(fault("SERVER_HANDSHAKE_FAILED", message), "handshake_failure", now);
	}

	#blocked(now: number): void {
		const { decision } = this.#facts;
		const why = `blocked by ${decision?.rule} because ${decision?.fact}`;
		const client = this.#client;
		this.#tag = "ended";
		if (client !== undefined && !client.isEnded) client.refuse("user_canceled", why, now);
		const isSilent = decision?.action === "block" && decision.isSilent === true;
		if (!isSilent) this.#tellClient("access_denied", why, now);
		this.#close(now, why, undefined);
	}

	/** The cookie was ours: its server would not know it. */
	#cannotLetBe(now: number): void {
		const { decision } = this.#facts;
		if (decision === undefined) return;
		const { rule, profile } = decision;
		const fact = `${decision.fact}, and a datagram listener that opens cannot let it be; use one with pass-through`;
		this.#facts.decision = { action: "block", rule, fact, ...(profile === undefined ? {} : { profile }) };
		this.#blocked(now);
	}

	#refuse(failure: Fault, alert: AlertName, now: number, toServer: AlertName = "user_canceled"): void {
		if (this.isEnded) return;
		const client = this.#client;
		this.#tag = "ended";
		if (client !== undefined && !client.isEnded) client.refuse(toServer, failure.message, now);
		if (this.#server?.hello !== undefined) this.#server.refuse(alert, failure.message, now);
		this.#report(now, failure.message, failure.code);
	}

	#tellClient(alert: AlertName, why: string, now: number): void {
		this.#tag = "ended";
		this.#server?.refuse(alert, why, now);
	}

	#close(now: number, why: string, faultCode: FaultCode | undefined): void {
		if (this.isEnded && this.#isReported) return;
		this.#tag = "ended";
		// Who is not open yet is not told close_notify under keys that it does not have.
		if (this.#server?.isEstablished === true) this.#server.close(now);
		if (this.#client?.isEstablished === true) this.#client.close(now);
		this.#report(now, why, faultCode);
	}

	#report(now: number, why: string, faultCode: FaultCode | undefined): void {
		if (this.#isReported) return;
		this.#isReported = true;
		this.#held = [];
		const stream = this.#stream;
		stream?.close();
		const isOpened = this.#facts.clientLeg !== undefined || this.#facts.serverLeg !== undefined;
		this.#facts.summary = {
			octetsToServer: this.#toServer,
			octetsToClient: this.#toClient,
			requests: 0,
			findings: stream?.findings ?? [],
			inspection: stream?.inspection ?? (isOpened ? "decrypted, not inspected" : "not decrypted"),
			why,
		};
		this.#facts.ended(why, faultCode, now);
		this.#ports.ended(this.#facts.record());
	}

	#wait(tag: Tag, until: number): void {
		if (this.isEnded) return;
		this.#tag = tag;
		this.#until = until;
	}
}

/** The randoms of the hellos that begin in the datagram. */
function randomsOf(datagram: Uint8Array): readonly Uint8Array[] {
	const fragments = helloFragments(datagram) ?? [];
	return fragments.flatMap(({ offset, octets }) =>
		offset === 0 && octets.length >= 34 ? [Uint8Array.from(octets.subarray(2, 34))] : [],
	);
}

function inWords(leg: LegRecord | undefined): string {
	return leg === undefined ? "" : `${leg.version} ${leg.cipherSuite}`;
}

function legOf({ suite, group, alpn }: DtlsOutcome, certificateSha256: string | undefined): LegRecord {
	const name = groupOf(group)?.opensslName;
	return {
		version: "DTLSv1.2",
		cipherSuite: suite.name,
		...(name === undefined ? {} : { group: name }),
		...(alpn === undefined ? {} : { alpn }),
		isResumed: false,
		...(certificateSha256 === undefined ? {} : { certificateSha256 }),
	};
}

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
const maxHeld = 32;
const maxHeldOctets = 65_536;
