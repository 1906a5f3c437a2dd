/** What is known of one connection so far; its record in the end. */
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { RelaySummary, ServerVerdict, SessionClient } from "#proxy/session-event.ts";
import type { LegRecord, SessionRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import type { EchVerdict } from "#tls/ech.ts";
import { ja3, ja4 } from "#tls/fingerprint.ts";

/** Grows while the session goes on: whoever learns something writes it here. */
export class SessionFacts {
	readonly id: string;
	readonly listener: string;
	/** As the PROXY header of a proxy in front tells, where there is one. */
	client: SessionClient;
	identity: ClientIdentity | undefined;
	/** Of the proxy, whose password the client gave. */
	user: string | undefined;
	readonly startedAt: number;
	/** What the client asked for. */
	target: { readonly host: string; readonly port: number } | undefined;
	/** The address that was connected to. */
	server: Address | undefined;
	decision: Decision<ProxyProfile> | undefined;
	/** Why there is no decision: the gateway itself was meant. */
	ownFact: string | undefined;
	/** Whether the name in clear hides another one; undefined before that is known, and without ECH. */
	ech: EchVerdict["kind"] | undefined;
	/** Whether the address that a transparent client went to is one of the name; undefined when nobody asked. */
	nameCheck: "agrees" | "differs" | "unresolved" | undefined;
	serverLeg: LegRecord | undefined;
	clientLeg: LegRecord | undefined;
	verdict: ServerVerdict | undefined;
	revocation: RevocationVerdict | undefined;
	leaf: { readonly sha256: string; readonly group: string | undefined; readonly isOwn?: boolean } | undefined;
	summary: RelaySummary | undefined;
	#hello: Pick<SessionRecord, "sni" | "ja3" | "ja4" | "hasEch"> | undefined;
	#timing: { helloMs?: number; serverReadyMs?: number; clientReadyMs?: number } = {};
	#end: { readonly why: string; readonly faultCode?: string } | undefined;
	#endedAt = 0;

	constructor(id: string, listener: string, client: SessionClient, startedAt: number) {
		this.id = id;
		this.listener = listener;
		this.client = client;
		this.startedAt = startedAt;
	}

	/** Host and port that the client asked for, in words. */
	get targetText(): string {
		return `${this.target?.host}:${this.target?.port}`;
	}

	/** The name that the client asked for; undefined when that was an address. */
	get requestedName(): string | undefined {
		const host = this.target?.host ?? "";
		return parseAddress(host) === undefined ? host : undefined;
	}

	/** The server name of the ClientHello. */
	get sni(): string | undefined {
		return this.#hello?.sni;
	}

	/** The fingerprint of the ClientHello. */
	get ja3(): string | undefined {
		return this.#hello?.ja3;
	}

	helloRead(hello: ClientHello, now: number): void {
		this.#timing.helloMs = now - this.startedAt;
		this.#hello = {
			...(hello.sni === undefined ? {} : { sni: hello.sni }),
			ja3: ja3(hello),
			ja4: ja4(hello),
			hasEch: hello.hasEch,
		};
	}

	serverSecured(leg: LegRecord, verdict: ServerVerdict, now: number): void {
		this.serverLeg = leg;
		this.verdict = verdict;
		this.#timing.serverReadyMs = now - this.startedAt;
	}

	clientSecured(leg: LegRecord, now: number): void {
		this.clientLeg = leg;
		this.#timing.clientReadyMs = now - this.startedAt;
	}

	ended(why: string, faultCode: string | undefined, now: number): void {
		this.#endedAt = now;
		this.#end = faultCode === undefined ? { why } : { why, faultCode };
	}

	/** The record of the connection; whole once it has ended. */
	record(): SessionRecord {
		const { client, clientLeg, decision, identity, leaf, revocation, server, serverLeg, summary, verdict } = this;
		return {
			id: this.id,
			startedAt: this.startedAt,
			endedAt: this.#endedAt,
			listener: this.listener,
			client: { address: formatAddress(client.address), port: client.port },
			server: {
				host: this.target?.host ?? "",
				port: this.target?.port ?? 0,
				...(server === undefined ? {} : { address: formatAddress(server) }),
			},
			...this.#hello,
			...(this.ech === undefined || this.ech === "absent" ? {} : { ech: this.ech }),
			...(this.nameCheck === undefined ? {} : { nameCheck: this.nameCheck }),
			decision: decision?.action ?? "none",
			rule: decision?.rule ?? "",
			fact: decision?.fact ?? this.ownFact ?? "",
			...(decision?.stage === undefined ? {} : { stage: decision.stage }),
			...(decision?.rateLimit === undefined ? {} : { rateLimit: decision.rateLimit.rule }),
			...(decision?.profile === undefined ? {} : { profile: decision.profile.name }),
			...(decision?.action === "bypass" && decision.cause !== undefined ? { cause: decision.cause } : {}),
			inspection: summary?.inspection ?? "not decrypted",
			...(clientLeg === undefined ? {} : { clientLeg: withLeaf(clientLeg, leaf) }),
			...whoIs(identity, this.user),
			...(serverLeg === undefined ? {} : { serverLeg }),
			...(verdict === undefined ? {} : { serverTrust: verdict.reason }),
			...(verdict?.isRepaired === true ? { isChainRepaired: true } : {}),
			...(revocation === undefined ? {} : { revocation: revocationFacts(revocation) }),
			octetsToServer: summary?.octetsToServer ?? 0,
			octetsToClient: summary?.octetsToClient ?? 0,
			requests: summary?.requests ?? 0,
			findings: summary?.findings ?? [],
			timing: this.#timing,
			endedBecause: this.#end?.why ?? "",
			...(this.#end?.faultCode === undefined ? {} : { faultCode: this.#end.faultCode }),
		};
	}
}

function whoIs(identity: ClientIdentity | undefined, user: string | undefined): Pick<SessionRecord, "clientIdentity"> {
	const clientIdentity = identity === undefined ? user : identity.commonName || identity.fingerprint;
	return clientIdentity === undefined ? {} : { clientIdentity };
}

/** The runtime does not tell the group of the leg to the client; it is the only one of the context. */
function withLeaf(leg: LegRecord, leaf: SessionFacts["leaf"]): LegRecord {
	if (leaf === undefined) return leg;
	const group = leaf.group === undefined || isWithoutKeyExchange(leg) ? {} : { group: leaf.group };
	const own = leaf.isOwn === true ? { isOwnCertificate: true } : {};
	return { ...leg, ...group, certificateSha256: leaf.sha256, ...own };
}

/** Before TLS 1.3 a resumed session takes its key from the first one. */
function isWithoutKeyExchange(leg: LegRecord): boolean {
	return leg.isResumed && leg.version !== "TLSv1.3";
}

function revocationFacts({ answer, source, sentence }: RevocationVerdict) {
	return { answer, source, sentence };
}
