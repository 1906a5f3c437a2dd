/** The states before an association is established, each with what it needs. Types alone. */
import type { KeyObject } from "node:crypto";
import type { Identity } from "#ike/auth/identity.ts";
import type { IntermediateOctets } from "#ike/auth/intermediate-octets.ts";
import type { SignatureScheme } from "#ike/auth/signature.ts";
import type { KeyExchange } from "#ike/crypto/agree-key.ts";
import type { GroupRow } from "#ike/crypto/transform-table.ts";
import type { EapClient } from "#ike/eap/eap-client.ts";
import type { EapServer } from "#ike/eap/eap-server.ts";
import type { ChildOffer } from "#ike/v2/child-exchange.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { Payload } from "#ike/wire/payload.ts";

/** What both ends' authentication is computed over. */
export interface FirstMessages {
	readonly initiatorMessage: Uint8Array;
	readonly initiatorNonce: Uint8Array;
	readonly responderMessage: Uint8Array;
	readonly responderNonce: Uint8Array;
	/** What intermediate exchanges add to AUTH; empty without them. */
	readonly intermediate: Uint8Array;
}

export type BeginPhase =
	| {
			readonly type: "expect-init-response";
			readonly exchange: KeyExchange;
			readonly nonce: Uint8Array;
			readonly request: Uint8Array;
			readonly cookie: Uint8Array | undefined;
			/** How often the peer has made us begin again. */
			readonly restarts: number;
			/** What somebody has said against it; the peer itself may still say otherwise. */
			readonly refusal?: string;
	  }
	| {
			readonly type: "expect-intermediate-response";
			readonly messages: FirstMessages;
			readonly said: IntermediateOctets;
			readonly exchange: KeyExchange;
			/** Those behind it. */
			readonly left: readonly GroupRow[];
			readonly isCertificateWanted: boolean;
	  }
	| {
			readonly type: "await-initiator-signature";
			readonly messages: FirstMessages;
			readonly scheme: SignatureScheme;
			readonly isCertificateWanted: boolean;
	  }
	| { readonly type: "expect-auth-response"; readonly messages: FirstMessages; readonly offer: ChildOffer | undefined }
	/** Whether the responder's certificate was revoked. */
	| {
			readonly type: "await-initiator-check";
			readonly messages: FirstMessages;
			readonly offer: ChildOffer | undefined;
			readonly answer: readonly Payload[];
	  }
	/** The peer has authenticated itself; now this end does, by EAP. */
	| {
			readonly type: "expect-eap-request";
			readonly messages: FirstMessages;
			readonly offer: ChildOffer | undefined;
			readonly identity: Identity;
			readonly client: EapClient;
	  }
	/** `key`: what EAP gave to both ends. */
	| {
			readonly type: "expect-eap-proof-response";
			readonly messages: FirstMessages;
			readonly offer: ChildOffer | undefined;
			readonly identity: Identity;
			readonly key: KeyObject;
	  }
	| {
			readonly type: "expect-intermediate-request";
			readonly messages: FirstMessages;
			readonly said: IntermediateOctets;
			readonly group: GroupRow;
			/** Those behind it. */
			readonly left: readonly GroupRow[];
			readonly candidates: readonly Connection[];
	  }
	| {
			readonly type: "expect-auth-request";
			readonly messages: FirstMessages;
			/** The connections that the peer may be of. */
			readonly candidates: readonly Connection[];
	  }
	/** Whether the initiator's certificate was revoked. */
	| {
			readonly type: "await-responder-check";
			readonly messages: FirstMessages;
			/** What the peer asked for in IKE_AUTH. */
			readonly request: readonly Payload[];
	  }
	/** This end has authenticated itself; now the peer's user does, by EAP. `request`: what the peer asked for at first. */
	| {
			readonly type: "expect-eap-response";
			readonly messages: FirstMessages;
			readonly request: readonly Payload[];
			readonly server: EapServer;
	  }
	/** The engine of TLS has the peer's records. */
	| {
			readonly type: "await-eap-tls";
			readonly messages: FirstMessages;
			readonly request: readonly Payload[];
			readonly server: EapServer;
	  }
	/** Whether the user's certificate was revoked. */
	| {
			readonly type: "await-eap-check";
			readonly messages: FirstMessages;
			readonly request: readonly Payload[];
			readonly server: EapServer;
	  }
	| {
			readonly type: "expect-eap-proof";
			readonly messages: FirstMessages;
			readonly request: readonly Payload[];
			readonly user: string;
			readonly key: KeyObject;
	  }
	| {
			readonly type: "await-responder-signature";
			readonly messages: FirstMessages;
			readonly scheme: SignatureScheme;
			/** What the peer asked for in IKE_AUTH. */
			readonly request: readonly Payload[];
	  };
