/** All that can happen to the engine, and all that it asks for. Types alone. */
import type { SignatureScheme } from "#ike/auth/signature.ts";
import type { DirectionKeys, EspAlgorithms } from "#ike/crypto/derive-keys.ts";
import type { LoggedAssociation } from "#ike/decryption-table.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { Connection, Path } from "#ike/v2/connection.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";
import type { Certificate } from "#pki/certificate.ts";

export type EngineEvent =
	/** A datagram without the marker of port 4500. */
	| { readonly type: "datagram-received"; readonly path: Path; readonly datagram: Uint8Array }
	/** Traffic for a child arrived that has no association (B32), or somebody asks for it. */
	| { readonly type: "tunnel-wanted"; readonly connection: string; readonly child: string }
	/** The answer to a `sign`; undefined when it could not be signed. */
	| { readonly type: "signed"; readonly sa: number; readonly signature: Uint8Array | undefined }
	/** The answer to a `tls`; undefined when there was none. */
	| { readonly type: "tls-answered"; readonly sa: number; readonly answer: TlsAnswer | undefined }
	/** The answer to a `check-peer`: why the peer is refused. */
	| { readonly type: "peer-checked"; readonly sa: number; readonly refusal: string | undefined }
	/** What is known of revocations may have changed: ask about all peers again. */
	| { readonly type: "peers-check-wanted" }
	/** What the data plane saw since it last told. */
	| {
			readonly type: "traffic-noted";
			readonly inboundSpi: number;
			readonly hasSent: boolean;
			readonly hasReceived: boolean;
	  }
	/** A child must have new keys: its volume or its sequence numbers come to an end. */
	| { readonly type: "child-worn-out"; readonly inboundSpi: number }
	/** New keys for IKE, before their time. */
	| { readonly type: "rekey-wanted"; readonly connection: string }
	/** The connection is to be closed. It is begun again by traffic, or when it `startsImmediately` after a while. */
	| { readonly type: "close-wanted"; readonly connection: string }
	/** The same of one association of IKE, by its number. */
	| { readonly type: "association-close-wanted"; readonly association: number }
	/** One child is to be deleted. It is made again as above. */
	| { readonly type: "child-close-wanted"; readonly inboundSpi: number }
	/** The configuration has changed: these are all connections from now on (B30). */
	| { readonly type: "connections-changed"; readonly connections: readonly Connection[] }
	/** Danger: from now on each new set of keys is told, or none any more. */
	| { readonly type: "key-log-switched"; readonly isOn: boolean }
	| { readonly type: "time-passed" };

/** A child association for the data plane. */
export interface ChildAssociation {
	readonly connection: string;
	readonly child: string;
	/** At which this end receives. */
	readonly inboundSpi: number;
	readonly outboundSpi: number;
	readonly algorithms: EspAlgorithms;
	readonly inboundKeys: DirectionKeys;
	readonly outboundKeys: DirectionKeys;
	readonly localSelectors: readonly TrafficSelector[];
	readonly remoteSelectors: readonly TrafficSelector[];
	readonly path: Path;
	/** ESP goes in UDP, between the ports of the path (B45). */
	readonly isEncapsulated: boolean;
}

export type EngineEffect =
	| { readonly type: "send-datagram"; readonly path: Path; readonly datagram: Uint8Array }
	/** One octet 0xff, without marker. */
	| { readonly type: "send-keepalive"; readonly path: Path }
	/** The engine goes on when it is `signed`. */
	| {
			readonly type: "sign";
			readonly sa: number;
			readonly connection: string;
			readonly scheme: SignatureScheme;
			readonly octets: Uint8Array;
	  }
	/** Records of a user's TLS within EAP; the engine goes on when it is `tls-answered`. The key of the connection's certificate is elsewhere. */
	| {
			readonly type: "tls";
			readonly sa: number;
			readonly connection: string;
			readonly input: Uint8Array;
			readonly isFirst: boolean;
	  }
	/** Was a certificate of this path revoked? The engine goes on when it is `peer-checked`. `isAgain`: the peer was accepted before. */
	| {
			readonly type: "check-peer";
			readonly sa: number;
			readonly path: readonly Certificate[];
			readonly isAgain: boolean;
	  }
	/** Only while keys are told. */
	| { readonly type: "danger-log-keys"; readonly connection: string; readonly association: LoggedAssociation }
	| { readonly type: "install-child"; readonly association: ChildAssociation }
	| { readonly type: "remove-child"; readonly inboundSpi: number; readonly outboundSpi: number }
	/** One end is at another place: a translation has changed (RFC 7296 §2.23), or it has moved (RFC 4555). */
	| {
			readonly type: "move-child";
			readonly inboundSpi: number;
			readonly path: Path;
			readonly isEncapsulated: boolean;
	  }
	| {
			readonly type: "report";
			readonly what: ReportKind;
			readonly connection: string;
			/** Subject, what happened, expected and got. */
			readonly text: string;
	  };

export type ReportKind =
	| "ike-established"
	| "ike-rekeyed"
	| "ike-closed"
	| "ike-failed"
	| "child-established"
	| "child-rekeyed"
	| "child-closed"
	| "child-failed"
	| "peer-silent";
