/** What a worker judges sessions by before signatures: feeds, hosts that are shut off, rates that are shared. */

import { parseAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { TokenBucket } from "#base/token-bucket.ts";
import { FeedFiles } from "#daemon/feed-files.ts";
import { FeedTallies } from "#daemon/feed-tallies.ts";
import type { FoundEntry, ToManaged } from "#daemon/worker-protocol.ts";
import type { IdpRule } from "#inspect/idp-policy.ts";
import { ipActionKey, kindOf } from "#inspect/ip-action.ts";
import { type PrecedencePlan, type RateLimit, stagesAt } from "#inspect/precedence.ts";
import {
	type QuarantineEntry,
	QuarantineList,
	type QuarantineSettings,
	type QuarantineView,
} from "#inspect/quarantine-list.ts";
import { QuarantineService } from "#inspect/quarantine-service.ts";
import { hitsOf, type ReputationFacts } from "#inspect/reputation.ts";
import { reputationEvent } from "#inspect/reputation-event.ts";
import { ReputationService } from "#inspect/reputation-service.ts";
import type { InspectionService } from "#inspect/service.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { ReputationMark } from "#policy/evaluate.ts";
import type { GatewayPlan } from "#proxy/compile.ts";
import type { InspectedClient } from "#proxy/dtls-resources.ts";
import type { Precedence } from "#proxy/precede-decision.ts";
import type { Alert } from "#signature/signature-flow.ts";

/** One opened session. */
export interface OpenedSession {
	readonly sessionId: string;
	/** The security policy that permits it. */
	readonly rule: string;
	readonly client: { readonly address: string };
	readonly server: { readonly address: string; readonly port: number };
	/** The zone of the listener. */
	readonly fromZone?: string | undefined;
	/** Version and suite, in words; empty for what came in clear. */
	readonly tls: string;
	/** What its client asked for before its requests; undefined when that was nothing. */
	readonly asked?: string | undefined;
}

/** The session that an alert is of. */
export interface AlertedSession {
	readonly client: Pick<InspectedClient, "address" | "isForgeable">;
	readonly server: { readonly address: string; readonly port: number };
	readonly fromZone?: string | undefined;
}

type StagePlan = Pick<GatewayPlan, "precedence" | "feeds" | "quarantine" | "mayQuarantine">;

/** Bounds: feeds and hosts as the configuration has them; a bucket for each rule with a rate, at most `maxBuckets`. */
export class WorkerPrecedence {
	readonly #send: (message: ToManaged) => void;
	readonly #workers: number;
	readonly #feeds: FeedFiles;
	readonly #quarantine = new QuarantineList(nobody);
	readonly #tallies = new FeedTallies();
	readonly #buckets = new BoundedMap<string, TokenBucket>(maxBuckets);
	#plan: StagePlan | undefined;

	/** `workers`: how many share a rate. */
	constructor(workers: number, send: (message: ToManaged) => void) {
		this.#workers = workers;
		this.#send = send;
		this.#feeds = new FeedFiles((event) => send({ type: "event", event }));
	}

	configure(plan: StagePlan): void {
		this.#plan = plan;
		this.#quarantine.configure(plan.quarantine);
		this.#feeds.configure(plan.feeds, Date.now());
	}

	/** For sessions of a configuration, with what holds at the moment. A first datagram may be forged: it keeps nobody shut off for longer. */
	of(plan: PrecedencePlan, isForgeable = false): Precedence {
		const quarantine = isForgeable ? withoutRefresh(this.#quarantine) : this.#quarantine;
		const state = () => ({ feeds: this.#feeds.tables, quarantine });
		return { plan, state, bucket: (limit) => this.bucket(limit) };
	}

	/** The hosts that are shut off now, in place of those before. */
	takeQuarantine(entries: readonly QuarantineEntry[]): void {
		this.#quarantine.replace(entries);
	}

	/** Feeds that are fetched are other ones now. */
	feedsFetched(): void {
		this.#feeds.fetched(Date.now());
	}

	/** What feeds have of a connection, whatever a policy makes of it. */
	found(facts: ReputationFacts): readonly FoundEntry[] {
		return hitsOf(this.#feeds.tables, facts).slice(0, maxFound);
	}

	/** A session is over for which a feed had a word. */
	matched(mark: ReputationMark | undefined): void {
		if (mark !== undefined) this.#tallies.matched(mark.hit.feed, mark.isBlock);
	}

	tick(now: number): void {
		this.#feeds.look(now);
		const tallies = this.#tallies.take();
		if (tallies.length > 0) this.#send({ type: "feeds-matched", tallies });
		const uses = this.#quarantine.takeUses();
		if (uses.length > 0) this.#send({ type: "quarantine-used", uses });
	}

	/** A worker's share of the rate. */
	bucket({ rule, kilobitsPerSecond }: RateLimit): TokenBucket {
		const key = `${kilobitsPerSecond} ${rule}`;
		const made = this.#buckets.get(key) ?? new TokenBucket((kilobitsPerSecond * 125) / this.#workers, Date.now());
		this.#buckets.set(key, made);
		return made;
	}

	/** The services of an opened session in the order of the stages; `signatures` are those of the last. */
	services(session: OpenedSession, signatures: readonly InspectionService[]): readonly InspectionService[] {
		const services = { reputation: this.#reputation(session), quarantine: this.#shutOff(session), signatures };
		return stagesAt("decrypted").flatMap((stage) =>
			stage in services ? services[stage as keyof typeof services] : [],
		);
	}

	/**
	 * A signature whose rule has an ip-action shuts off what it means, here at once and everywhere a moment later; not one that
	 * somebody else may have spoken for.
	 */
	alerted(
		{ signature }: Pick<Alert, "signature">,
		rule: Pick<IdpRule, "ipAction"> | undefined,
		{ client, server, fromZone }: AlertedSession,
	): void {
		const address = parseAddress(client.address);
		const { ipAction: plan } = rule ?? {};
		if (plan === undefined || address === undefined || client.isForgeable === true) return;
		const { seconds, isCreationLogged, ...statement } = plan;
		const { durationMs } = this.#plan?.quarantine ?? nobody;
		const timeoutMs = seconds === 0 ? durationMs : seconds * 1000;
		const to = parseAddress(server.address);
		const place = this.#quarantine.placed({ client: address, zone: fromZone, server: to, port: server.port });
		const key = ipActionKey(kindOf(plan), place);
		if (key === undefined) return;
		const ipAction = { ...statement, key, timeoutMs };
		const until = Date.now() + timeoutMs;
		const why = `signature ${signature.sid} ${signature.message}`.trim();
		if (!this.#quarantine.add(address, why, until, ipAction, to)) return;
		this.#send({ type: "quarantine", entry: { address: client.address, why, until, ipAction }, isCreationLogged });
	}

	#reputation({ sessionId: session, rule, client, tls, asked }: OpenedSession): readonly InspectionService[] {
		const policy = this.#plan?.precedence.reputation.get(rule);
		if (policy === undefined) return [];
		return [
			new ReputationService(
				policy,
				() => this.#feeds.tables,
				(verdict) => {
					const event = reputationEvent(verdict, { session, client: client.address, tls }, Date.now());
					if (verdict.isLogged) this.#send({ type: "event", event });
					this.matched(verdict);
				},
				asked,
			),
		];
	}

	#shutOff({ client, server, fromZone }: OpenedSession): readonly InspectionService[] {
		const address = parseAddress(client.address);
		if (this.#plan === undefined || address === undefined) return [];
		// What an attack has shut off stays so when the rule is gone.
		if (!this.#plan.mayQuarantine && !this.#quarantine.isActive) return [];
		const place = { zone: fromZone, server: parseAddress(server.address), port: server.port };
		return [new QuarantineService(this.#quarantine, address, Date.now, this.#plan.quarantine.redirect, place)];
	}
}

function withoutRefresh(list: QuarantineList): QuarantineView {
	return {
		find: (client, now, place) => list.find(client, now, place),
		meet: (client, now, place) => list.meet(client, now, place, false),
	};
}

const nobody: QuarantineSettings = {
	hosts: [],
	exceptions: new AddressSet(),
	durationMs: Number.POSITIVE_INFINITY,
	maximumHosts: 10_000,
	redirect: undefined,
};
const maxBuckets = 1_024;
const maxFound = 256;
