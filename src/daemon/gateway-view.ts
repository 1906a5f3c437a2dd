/** What the commands of operational mode see of the running gateway. */
import type { ConnectionInfo } from "#cli/connection-shell.ts";
import type { CertificateService } from "#daemon/certificate-service.ts";
import type { ConfigurationService } from "#daemon/configuration-service.ts";
import type { CrlService } from "#daemon/crl-service.ts";
import type { DomainListService } from "#daemon/domain-list-service.ts";
import type { FeedService } from "#daemon/feed-service.ts";
import type { IdpDesk } from "#daemon/idp-desk.ts";
import type { IkedService } from "#daemon/iked-service.ts";
import type { IntelligenceDesk } from "#daemon/intelligence-desk.ts";
import type { LearnedBypassService } from "#daemon/learned-bypass-service.ts";
import type { PolicyHits } from "#daemon/policy-hits.ts";
import type { QuarantineDesk } from "#daemon/quarantine-desk.ts";
import type { StapleService } from "#daemon/staple-service.ts";
import type { StateDirectory } from "#daemon/state-directory.ts";
import type { TrustService } from "#daemon/trust-service.ts";
import type { CertificateCacheFacts } from "#daemon/worker-protocol.ts";
import type { FeedTables, ReputationFacts } from "#inspect/reputation.ts";
import type { GatewayPlan } from "#proxy/compile.ts";
import type { CounterSnapshot } from "#telemetry/counters.ts";
import type { SessionFilter } from "#telemetry/session-filter.ts";

export interface WorkerView {
	readonly number: number;
	/** Undefined while it is being started again. */
	readonly processId: number | undefined;
	readonly isListening: boolean;
	readonly startedAt: number;
	readonly restarts: number;
	readonly counters: Partial<CounterSnapshot>;
}

/** Sessions that fit the filter, whose id begins with `id`. */
export interface SessionsToEnd {
	readonly filter: SessionFilter;
	readonly id: string;
}

export interface GatewayView {
	readonly state: StateDirectory;
	readonly plan: GatewayPlan;
	/** Milliseconds since 1970. */
	readonly startedAt: number;
	readonly configuration: ConfigurationService;
	readonly certificates: CertificateService;
	readonly trust: TrustService;
	readonly crls: CrlService;
	readonly staples: StapleService;
	readonly domainLists: DomainListService;
	readonly vpns: Pick<IkedService, "state" | "clear" | "processId">;
	readonly policyHits: PolicyHits;
	readonly learnedBypass: LearnedBypassService;
	readonly quarantine: QuarantineDesk;
	readonly intelligence: IntelligenceDesk;
	readonly feeds: Pick<FeedService, "views" | "update">;
	/** Rules of intrusion detection that are fetched. */
	readonly rules: Pick<FeedService, "views" | "update">;
	readonly idp: IdpDesk;
	counters(): CounterSnapshot;
	workerViews(): readonly WorkerView[];
	/** What the workers' caches of leaves hold, with at most `limit` leaves of each. */
	certificateCaches(limit: number): Promise<readonly CertificateCacheFacts[]>;
	/** What the workers' feeds have of a connection; undefined when none answers. */
	askFeeds(facts: ReputationFacts): Promise<FeedTables | undefined>;
	clearCertificateCaches(): void;
	/** Ends the sessions that run and fit; answers how many. `by` is told by an event. */
	endSessions(which: SessionsToEnd, by: { readonly user: string; readonly which: string }): Promise<number>;
	/** Ends a worker and starts it again; all of them without a number. Answers how many. */
	restartWorkers(number?: number): number;
}

/** Everything that a handler may ask. */
export interface CommandWorld {
	readonly gateway: GatewayView;
	terminals(): readonly ConnectionInfo[];
	/** Ends sessions of the command line; answers how many. */
	evict(fits: (info: ConnectionInfo) => boolean, text: string): number;
	/** The counters when they were last cleared. */
	cleared: { readonly at: number; readonly counters: CounterSnapshot } | undefined;
}
