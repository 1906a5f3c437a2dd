/** What a worker lends to its sessions. */
import type { SecureContext, SecureContextOptions } from "node:tls";
import type { Address } from "#base/address.ts";
import type { TokenBucket } from "#base/token-bucket.ts";
import type { HeadEdits } from "#http/field-edit.ts";
import type { AskedNames } from "#inspect/fronting-service.ts";
import type { JudgeName } from "#inspect/name-policy-service.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import type { RateLimit } from "#inspect/precedence.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { ChainRepair } from "#pki/chain-repair-shell.ts";
import type { SigningCa } from "#pki/mint.ts";
import type { RevocationChecker } from "#pki/revocation-shell.ts";
import type { OpenSocket } from "#proxy/dial-shell.ts";
import type { InspectedClient } from "#proxy/dtls-resources.ts";
import type { EchKeys } from "#proxy/ech-keys-shell.ts";
import type { JudgedServer, ServerJudge } from "#proxy/judge-server.ts";
import type { LeafContexts } from "#proxy/leaf-contexts-shell.ts";
import type { LearnedServer } from "#proxy/learned-bypass.ts";
import type { NameAddresses } from "#proxy/name-addresses-shell.ts";
import type { NameWitness } from "#proxy/name-witness-shell.ts";
import type { OwnCertificate, OwnCertificates } from "#proxy/own-certificates.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";
import type { ServerSessions } from "#proxy/server-sessions.ts";
import type { TrustedRoots } from "#proxy/trust-store-shell.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import type { LegContextOptions } from "#tls/profile.ts";

export interface SessionResources {
	/** Sockets to servers that connect from this address, which is a client's. */
	socketsFrom(source: Address): OpenSocket;
	readonly resolver: Resolver;
	readonly echKeys: EchKeys;
	/** For questions beside a session: as many at a time as may be. */
	readonly nameAddresses: NameAddresses;
	readonly leafContexts: LeafContexts;
	readonly ownCertificates: OwnCertificates;
	/** The context of a certificate of one's own for these options; made once per variant. */
	ownContext(certificate: OwnCertificate, options: SecureContextOptions, variant: string): SecureContext;
	/** The OCSP response to staple to the certificate of this name; undefined when none is good now. */
	staple(certificateId: string): Uint8Array | undefined;
	readonly serverSessions: ServerSessions<JudgedServer>;
	readonly judge: ServerJudge;
	readonly revocation: RevocationChecker;
	readonly chainRepair: ChainRepair;
	/** Called when the issuers that a server left out were fetched, and from where. */
	chainRepaired(leaf: Certificate, from: readonly string[]): void;
	/** The context of the leg to the server for these options; made once per variant. */
	serverContext(
		options: LegContextOptions,
		contextKey: string,
		trustStore: readonly string[],
		identity?: OwnCertificate,
	): SecureContext;
	/** Looks beside a session at the certificate of the server that it is exempt by name for. */
	readonly nameWitness: NameWitness;
	/** To the event store. */
	tell(event: GatewayEvent): void;
	/** The roots of a profile's `trusted-ca`. */
	trustedRoots(names: readonly string[]): TrustedRoots;
	/** The signing CA of this name. */
	signingCa(id: string): SigningCa;
	/** The inspection of a decrypted session; undefined when nothing is inspected. */
	inspect(facts: {
		readonly profile: ProxyProfile;
		readonly alpn: string | undefined;
		/** The mail protocol in which TLS was agreed upon. */
		readonly mail: MailProtocol | undefined;
		readonly sessionId: string;
		readonly rule: string;
		/** Version and suite of the opened leg, in words; empty for what came in clear. */
		readonly tls: string;
		readonly client: InspectedClient;
		readonly server: { readonly address: string; readonly port: number };
		/** Zone of the listener, where one is stated. */
		readonly fromZone: string | undefined;
		/** The name that the client asked the proxy for. */
		readonly requestedName: string | undefined;
		/** What the client sent, where it spoke TLS; and the server's certificate. */
		readonly hello: ClientHello | undefined;
		readonly certificate: Certificate | undefined;
		/** What HTTP requests are held against; undefined when nothing was asked for before them. */
		readonly names: AskedNames | undefined;
		/** What policies say of other names; undefined where there is nothing to compare. */
		readonly judgeName: JudgeName | undefined;
		/** What is changed in heads; undefined for nothing. */
		readonly edits: HeadEdits | undefined;
	}): PlaintextStream | undefined;
	/** The rate that the sessions of a traffic-management rule share. */
	bucket(limit: RateLimit): TokenBucket;
	/** Called when a client did not want the leaf of a trusted server. */
	leafRefused(server: LearnedServer, client: string): void;
}
