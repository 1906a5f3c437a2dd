/** What `managed` and a worker say to each other, over the channel of the child process. */
import type { Fault } from "#base/fault.ts";
import type { ToldConfiguration } from "#config/reread.ts";
import type { FeedTally } from "#daemon/feed-tallies.ts";
import type { PolicyTally } from "#daemon/policy-hits.ts";
import type { ToldAttacks } from "#daemon/worker-attacks.ts";
import type { PacketLogReport } from "#daemon/worker-packet-logs.ts";
import type { FeedHit } from "#inspect/feed-table.ts";
import type { EntryUse, QuarantineEntry } from "#inspect/quarantine-list.ts";
import type { FeedCategory, ReputationFacts } from "#inspect/reputation.ts";
import type { CrlFacts } from "#pki/crl-text.ts";
import type { SigningCa } from "#pki/mint.ts";
import type { StapleFacts } from "#pki/staple-shell.ts";
import type { TrustSources } from "#pki/trust-selection.ts";
import type { KeptLeaf } from "#proxy/leaf-contexts-shell.ts";
import type { LearnedEntry, LearnedServer } from "#proxy/learned-bypass.ts";
import type { OwnCertificate } from "#proxy/own-certificates.ts";
import type { CounterSnapshot } from "#telemetry/counters.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { SessionFilter } from "#telemetry/session-filter.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** What a worker needs of a configuration. */
export interface WorkerConfiguration {
	/** Checked by `managed`; the worker compiles it for itself. */
	readonly configuration: ToldConfiguration;
	/** Public parts of the signing CAs. */
	readonly authorities: readonly SigningCa[];
	/** Certificates that stand for servers of one's own, with their keys: the handshake needs them. */
	readonly ownCertificates: readonly OwnCertificate[];
	/** The certificates that may vouch for servers. */
	readonly trust: TrustSources;
	/** Servers whose sessions are not opened because clients refused it. */
	readonly learned: readonly LearnedEntry[];
	/** Hosts that are shut off. */
	readonly quarantined: readonly QuarantineEntry[];
	/** The directory of the lists of domains; workers read it themselves, for lists are long. */
	readonly lists: string;
	/** The revocation list of each signing CA that has one, DER, by the CA's id; to be served at `crlPath(id)`. */
	readonly ownCrls: ReadonlyMap<string, Uint8Array>;
	/** On packets of connections that transparent listeners make for their clients. */
	readonly ownMark: number;
	/** Revocation lists of other authorities that the operator loaded, DER. */
	readonly loadedCrls: readonly Uint8Array[];
}

/** A revocation list that a worker fetched. */
export interface FetchedListFacts extends CrlFacts {
	readonly url: string;
}

/** An entry of a feed that speaks of a connection. */
export interface FoundEntry {
	readonly category: FeedCategory;
	readonly hit: FeedHit;
}

/** A leaf to be signed. */
export interface SignatureRequest {
	/** Names it in the answer. */
	readonly request: number;
	readonly ca: string;
	/** TBSCertificate, DER. */
	readonly toBeSigned: Uint8Array;
	/** The server certificate that the leaf stands for. */
	readonly originSha256: string;
	/** The session that asks first. */
	readonly session: string;
}

export type SignatureAnswer =
	| { readonly request: number; readonly certificate: Uint8Array }
	| { readonly request: number; readonly reason: string };

/** What a worker's cache of leaves holds. */
export interface CertificateCacheFacts {
	readonly worker: number;
	readonly certificates: number;
	readonly contexts: number;
	/** The leaves used last, those used very last at the end. */
	readonly kept: readonly KeptLeaf[];
}

export type ToWorker =
	/** The first message. `ticketKeys` are 48 octets that all workers share. */
	| ({
			readonly type: "start";
			readonly ticketKeys: Uint8Array;
			/** Which worker it is, from 1, and of how many. */
			readonly worker: number;
			readonly workers: number;
	  } & WorkerConfiguration)
	/** Another configuration for new sessions. */
	| ({ readonly type: "configure"; readonly revision: number } & WorkerConfiguration)
	/** Revocation lists of signing CAs that were renewed; those not named stay as they are. */
	| { readonly type: "own-crls"; readonly ownCrls: ReadonlyMap<string, Uint8Array> }
	/** What was learned by now, in place of what was before. */
	| { readonly type: "learned-bypass"; readonly learned: readonly LearnedEntry[] }
	/** The hosts that are shut off by now, in place of those before. */
	| { readonly type: "quarantined"; readonly quarantined: readonly QuarantineEntry[] }
	/** Feeds that are fetched are other ones now: their files are to be read. */
	| { readonly type: "feeds-fetched" }
	/** Which entries of feeds speak of a connection? */
	| { readonly type: "ask-feeds"; readonly question: number; readonly facts: ReputationFacts }
	/** Forget every revocation list and OCSP response that was fetched. */
	| { readonly type: "forget-fetched" }
	| { readonly type: "show-certificate-cache"; readonly question: number; readonly limit: number }
	| { readonly type: "clear-certificate-cache" }
	/** End the sessions that run and fit; `id` is the first digits of theirs, empty for any. */
	| { readonly type: "end-sessions"; readonly question: number; readonly filter: SessionFilter; readonly id: string }
	/** Each request is answered once, in any order. */
	| { readonly type: "signed"; readonly answers: readonly SignatureAnswer[] }
	/** Stop listening, end the sessions, report the last records, exit. */
	| { readonly type: "stop" };

export type ToManaged =
	| { readonly type: "listening" }
	| { readonly type: "failed"; readonly fault: Fault }
	| { readonly type: "sign"; readonly requests: readonly SignatureRequest[] }
	| ({ readonly type: "certificate-cache"; readonly question: number } & Omit<CertificateCacheFacts, "worker">)
	| { readonly type: "sessions-ended"; readonly question: number; readonly count: number }
	| { readonly type: "configured"; readonly revision: number }
	/** The worker does not find the configuration by the difference that it was told, and wants the text. */
	| { readonly type: "text-wanted"; readonly revision: number }
	/** The worker goes on with the configuration before. */
	| { readonly type: "not-configured"; readonly revision: number; readonly fault: Fault }
	| { readonly type: "leaf-refused"; readonly server: LearnedServer; readonly client: string }
	| { readonly type: "feeds-asked"; readonly question: number; readonly found: readonly FoundEntry[] }
	/** How often entries of feeds matched since the last report. */
	| { readonly type: "feeds-matched"; readonly tallies: readonly FeedTally[] }
	| { readonly type: "quarantine"; readonly entry: QuarantineEntry; readonly isCreationLogged: boolean }
	/** Entries that connections were judged by. */
	| { readonly type: "quarantine-used"; readonly uses: readonly EntryUse[] }
	| ({ readonly type: "attacks" } & ToldAttacks)
	| { readonly type: "packet-log"; readonly report: PacketLogReport }
	| { readonly type: "list-fetched"; readonly list: FetchedListFacts }
	| { readonly type: "staple"; readonly facts: StapleFacts }
	| { readonly type: "event"; readonly event: GatewayEvent }
	/** The last message of a worker that was told to stop. */
	| { readonly type: "stopped" }
	| {
			readonly type: "records";
			readonly records: readonly SessionRecord[];
			/** What each policy decided since the last report, records or not. */
			readonly tallies: readonly PolicyTally[];
			readonly counters: CounterSnapshot;
	  };
