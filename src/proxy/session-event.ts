/** What one connection through the gateway tells its machine, and what the machine asks its shell to do. */
import type { Address, Endpoint } from "#base/address.ts";
import type { Fault } from "#base/fault.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import type { OnboardingSite } from "#onboarding/site.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { AddressSet } from "#policy/address-set.ts";
import type { Decision, Policy } from "#policy/evaluate.ts";
import type { ForwardedRequests } from "#proxy/forwarded-requests.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import type { LearnedEntry } from "#proxy/learned-bypass.ts";
import type { DecryptAnswer } from "#proxy/overload.ts";
import type { Precedence } from "#proxy/precede-decision.ts";
import type { ClientAuthentication, ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import type { ProxyUsers } from "#proxy/proxy-users.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { Finding, InspectionState, LegRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import type { KnownEch } from "#tls/ech.ts";

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
	readonly certificate?: { readonly der: Uint8Array };
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
	/** Flows that are opened cannot be let be: a bypass rule means that nothing looks into them. */
	readonly mustOpen?: boolean;
	/** The zone that the clients of the listener count as; by their addresses when undefined. */
	readonly fromZone?: string | undefined;
	/** How its clients reach their servers. */
	readonly way: WayIn;
	/** Asked who the clients of an explicit proxy are; undefined when they need not say. */
	readonly users?: ProxyUsers | undefined;
	/** A listener with a server of its own permits where no policy denies: `isDefaultPermit` is true then. */
	readonly policy: Policy<ProxyProfile>;
	/** Addresses of proxies in front of the listener: each must begin with a PROXY header. */
	readonly proxiesInFront?: AddressSet | undefined;
	/** Some policy lets a server speak first: it is listened to before there is a ClientHello. */
	readonly mayServerSpeakFirst: boolean;
	/** The names of the certificates that stand for this server to the client; empty when a leaf is to be minted. */
	readonly ownCertificates: (profile: ProxyProfile, sni: string | undefined) => readonly string[];
	readonly timeouts: SessionTimeouts;
	/** True when clients may reach loopback and link-local addresses through the proxy. */
	readonly mayReachLocal: boolean;
	/** What was learned about a server, by `learnedKey`. */
	readonly learned?: (key: string) => LearnedEntry | undefined;
	/** True of policies with `log session-init`. */
	readonly logsInit?: (rule: string) => boolean;
	/** `sni-trust trust-exempt-sni`; true when absent. */
	readonly trustsSni?: boolean;
	/** What goes before the inspection of content; nothing when absent. */
	readonly precedence?: Precedence | undefined;
	/** Asked once, when the policy says decrypt; any number of sessions may be when absent. */
	readonly mayDecrypt?: () => DecryptAnswer;
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
	/** What a transparent client addressed. */
	readonly destination?: Endpoint | undefined;
}

export type SessionEvent =
	| { readonly type: "client-octets"; readonly octets: Uint8Array }
	| { readonly type: "client-ended"; readonly why: string }
	| { readonly type: "server-resolved"; readonly addresses: readonly Address[] }
	/** The keys of Encrypted ClientHello that the name in clear stands for. */
	| { readonly type: "ech-known"; readonly known: KnownEch }
	/** The addresses of the name in the ClientHello; undefined when it has none, or nobody answers. */
	| { readonly type: "name-resolved"; readonly addresses: readonly Address[] | undefined }
	| { readonly type: "server-connected"; readonly address: Address }
	/** What the server says before there is TLS. */
	| { readonly type: "server-octets"; readonly octets: Uint8Array }
	/** `wantsCertificate`: it has asked for a client's certificate, and none was presented. */
	| { readonly type: "server-failed"; readonly fault: Fault; readonly wantsCertificate?: boolean }
	| {
			readonly type: "server-secured";
			readonly leg: LegRecord;
			readonly verdict: ServerVerdict;
			readonly wantsCertificate?: boolean;
			/** The certificate bears the name that was asked for, whatever else is wrong with it. */
			readonly bearsName?: () => boolean;
	  }
	/** Judged again, with the issuers that could be fetched. */
	| { readonly type: "chain-completed"; readonly verdict: ServerVerdict }
	| { readonly type: "revocation-known"; readonly verdict: RevocationVerdict }
	| { readonly type: "context-ready"; readonly certificateSha256: string; readonly group: string | undefined }
	| { readonly type: "context-failed"; readonly fault: Fault }
	| { readonly type: "client-secured"; readonly leg: LegRecord; readonly identity?: ClientIdentity | undefined }
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
	| { readonly type: "send-server"; readonly octets: Uint8Array }
	/** Tell what the server says by itself, and no more. */
	| { readonly type: "read-server" }
	| { readonly type: "leave-server" }
	| { readonly type: "resolve-server"; readonly host: string }
	/** Beside the session: which keys of Encrypted ClientHello has the name in clear? */
	| { readonly type: "know-ech"; readonly name: string }
	/** Beside the session: which addresses has the name? */
	| { readonly type: "check-name"; readonly name: string }
	| {
			readonly type: "connect-server";
			readonly addresses: readonly Address[];
			readonly port: number;
			/** Connect from this address, which is not the gateway's own. */
			readonly source: Address | undefined;
	  }
	| {
			readonly type: "start-server-tls";
			/** Undefined when the client speaks in clear: then the profile alone says what is offered. */
			readonly hello: ClientHello | undefined;
			readonly profile: ProxyProfile;
			/** The name to verify: the SNI, else the host of the request. */
			readonly host: string;
	  }
	/** Give up the connection to the server and make a fresh one to the same address. */
	| {
			readonly type: "reconnect-server";
			readonly address: Address;
			readonly port: number;
			readonly source: Address | undefined;
	  }
	/** Look at the server's certificate beside the session: does it bear the name that the session is exempt by? */
	| {
			readonly type: "witness-name";
			readonly address: Address;
			readonly port: number;
			readonly hello: ClientHello;
			readonly name: string;
			readonly rule: string;
	  }
	/** To the event store. */
	| { readonly type: "tell"; readonly event: GatewayEvent }
	/** Fetch the issuers that the server did not send, and judge it again. */
	| { readonly type: "complete-chain"; readonly profile: ProxyProfile; readonly timeoutMs: number }
	/** Whether a certificate of the server's validated path was revoked. */
	| { readonly type: "check-revocation"; readonly profile: ProxyProfile; readonly settings: ProfileRevocation }
	| {
			readonly type: "prepare-context";
			readonly hello: ClientHello;
			readonly signer: "trusted" | "untrusted";
			readonly profile: ProxyProfile;
	  }
	/** The context of one of these certificates, the first that the client can take. */
	| {
			readonly type: "prepare-own-certificate";
			readonly hello: ClientHello;
			readonly ids: readonly string[];
			readonly profile: ProxyProfile;
	  }
	| {
			readonly type: "start-client-tls";
			readonly helloOctets: Uint8Array;
			readonly alpn: string | undefined;
			readonly clients?: ClientAuthentication | undefined;
	  }
	| {
			readonly type: "relay";
			/** Clear: there was no TLS to open, and what passes is inspected. */
			readonly mode: "bypass" | "decrypted" | "clear";
			/** For the server, before what the client says and not inspected with it. */
			readonly header?: Uint8Array | undefined;
			readonly first: Uint8Array;
			/** The mail protocol in which TLS was agreed upon. */
			readonly mail?: MailProtocol | undefined;
			/** The client sends requests to a proxy, which are made over for the server. */
			readonly requests?: ForwardedRequests;
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
	| { readonly type: "close"; readonly manner: "end" | "reset"; readonly resetsServer?: boolean };
