/** What the engine is told about a peer: one connection, with the children that may stand below it. Types alone. */
import type { KeyObject } from "node:crypto";
import type { Address } from "#base/address.ts";
import type { Identity, IdentityExpectation } from "#ike/auth/identity.ts";
import type { JudgePeer } from "#ike/auth/judge-peer.ts";
import type { EspProposal, IkeProposal } from "#ike/crypto/proposal.ts";
import type { EapCredentials } from "#ike/eap/eap-client.ts";
import type { EapUsers } from "#ike/eap/eap-server.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

/** An address and a UDP port. */
export interface Place {
	readonly address: Address;
	readonly port: number;
}

/** Where datagrams go between: this end and the peer. */
export interface Path {
	readonly local: Place;
	readonly remote: Place;
}

/** How this end proves who it is. */
export type LocalAuthentication =
	| { readonly kind: "shared-key"; readonly key: KeyObject }
	/** The private key is elsewhere: the engine asks for each signature. `certificates`: DER, the own one first. */
	| { readonly kind: "certificate"; readonly certificates: readonly Uint8Array[]; readonly publicKey: KeyObject }
	/** A user with a password, by EAP; the peer must prove itself by a certificate before. */
	| ({ readonly kind: "eap" } & EapCredentials);

/** Whose certificates are believed. */
export interface CertificateTrust {
	readonly judge: JudgePeer;
	/** SHA-1 of the public keys of those that are trusted, 20 octets each, for CERTREQ. */
	readonly authorities: Uint8Array;
	/** Their DER. */
	readonly anchors?: readonly Uint8Array[];
	/** Nobody is accepted before it was looked whether the certificate was revoked. */
	readonly asksRevocation?: boolean;
}

/** What the peer must prove. */
export type RemoteAuthentication =
	| { readonly kind: "shared-key"; readonly key: KeyObject }
	| ({ readonly kind: "certificate" } & CertificateTrust)
	/** A user, by EAP; this end proves itself by a certificate before. `certificates`: users may prove themselves by TLS. */
	| ({ readonly kind: "eap" } & EapUsers & { readonly certificates?: CertificateTrust });

/** A child association that may be made: which traffic, how it is protected, how long. */
export interface ChildConfig {
	readonly name: string;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
	readonly proposals: readonly EspProposal[];
	/** Milliseconds that keys are used at most. */
	readonly lifetime: number;
	/** Octets that keys are used for at most, in each direction; any amount when absent. */
	readonly maxOctets?: number;
	/** Milliseconds without traffic after which the child is deleted; never when absent (B9). */
	readonly idleTime?: number;
}

/** Dead peer detection. */
export interface Liveness {
	/** Milliseconds until the peer is asked, and between two questions to one that does not answer. */
	readonly interval: number;
	/** `optimized`: something was sent and nothing came; `probe-idle`: nothing came; `always`: whatever came that was not of IKE. */
	readonly mode: "optimized" | "probe-idle" | "always";
	/** Questions without an answer after which the peer is gone. */
	readonly threshold: number;
}

export interface Connection {
	readonly name: string;
	/** Address of this end. */
	readonly local: Address;
	/** Addresses of the peer, tried in order; undefined: it may come from anywhere, and is waited for. */
	readonly remote: readonly Address[] | undefined;
	readonly localIdentity: Identity;
	readonly remoteIdentity: IdentityExpectation;
	readonly localAuthentication: LocalAuthentication;
	readonly remoteAuthentication: RemoteAuthentication;
	readonly proposals: readonly IkeProposal[];
	/** Milliseconds that keys of IKE are used at most. */
	readonly lifetime: number;
	readonly children: readonly ChildConfig[];
	/** True: begun as soon as the engine knows it, and again whenever it ends (B33). */
	readonly startsImmediately: boolean;
	/** When the peer is asked whether it lives (B51); never when absent. */
	readonly liveness?: Liveness;
	/** Associations of IKE that may stand at a time; any number when absent. */
	readonly maxAssociations?: number;
	/** Detect address translation and wrap ESP in UDP (B45). */
	readonly hasNatTraversal: boolean;
	/** Who began may go to another address while the association stands (RFC 4555). */
	readonly isMobile?: boolean;
	/** Milliseconds between two packets that keep a translation alive (B49). */
	readonly natKeepalive: number;
}
