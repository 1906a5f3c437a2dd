/** A gateway as the commands of operational mode see it: a real configuration and event store, no workers. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionInfo, HandlerRequest } from "#cli/connection-shell.ts";
import { CertificateService } from "#daemon/certificate-service.ts";
import { handleCommand } from "#daemon/cli-handlers.ts";
import { ConfigurationService } from "#daemon/configuration-service.ts";
import { CrlService } from "#daemon/crl-service.ts";
import { defaultConfiguration, ownCaIds } from "#daemon/default-configuration.ts";
import { listNames } from "#daemon/domain-list-directory.ts";
import { DomainListService } from "#daemon/domain-list-service.ts";
import type { FeedView } from "#daemon/feed-service.ts";
import type { CommandWorld, GatewayView, WorkerView } from "#daemon/gateway-view.ts";
import { IdpDesk } from "#daemon/idp-desk.ts";
import { IntelligenceDesk } from "#daemon/intelligence-desk.ts";
import { KeyService } from "#daemon/key-service.ts";
import { LearnedBypassService } from "#daemon/learned-bypass-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { PolicyHits } from "#daemon/policy-hits.ts";
import { QuarantineDesk } from "#daemon/quarantine-desk.ts";
import { StapleService } from "#daemon/staple-service.ts";
import { openStateDirectory } from "#daemon/state-directory.ts";
import { trustNames } from "#daemon/trust-directory.ts";
import { TrustService } from "#daemon/trust-service.ts";
import type { VpnsState } from "#ike/vpn-state.ts";
import type { FeedTables } from "#inspect/reputation.ts";
import { compileGateway } from "#proxy/compile.ts";
import { Counters } from "#telemetry/counters.ts";
import { openEventDatabase } from "#telemetry/event-database-shell.ts";
import { formatEvent, type GatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventRow, sessionRow } from "#telemetry/session-row.ts";
import type { Owner } from "./gateway.ts";
import { recordedAt } from "./session-records.ts";

export const caIds: ReadonlySet<string> = new Set(ownCaIds);

/** What a command of operational mode prints, as it is run by somebody at a terminal of 80 columns. */
export async function runHandler(
	world: World,
	handler: HandlerRequest["handler"],
	values: Readonly<Record<string, string>> = {},
	isJson = false,
): Promise<string> {
	const identity = { id: "cli-0", user: "pat", terminal: "p0", processId: 10, isInteractive: true };
	const request = { handler, values, isJson, identity, columns: 80, signal: new AbortController().signal };
	let text = "";
	for await (const piece of handleCommand(world, request)) text += piece;
	return text;
}

/** A state directory of its own. */
export function newStateDirectory(owner: Owner): string {
	const path = mkdtempSync(join(tmpdir(), "world-"));
	owner.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

export interface World extends CommandWorld {
	readonly gateway: GatewayView & {
		readonly totals: Counters;
		/** Closed until a test opens it. */
		readonly keys: KeyService;
		readonly events: GatewayEvent[];
		workers: WorkerView[];
		feedViews: FeedView[];
		/** What workers would answer; undefined: none does. */
		feedTables: FeedTables | undefined;
		/** The same of rules of intrusion detection. */
		ruleViews: FeedView[];
		/** What stands in the process of VPNs; undefined: none runs. */
		vpnsState: VpnsState | undefined;
	};
	readonly reports: string[];
	/** The texts that were put in force. */
	readonly applied: string[];
	people: ConnectionInfo[];
}

/** The world, once its configuration is in force. `configuration` is the text of the first start. */
export async function commandWorld(
	owner: Owner,
	options: {
		readonly configuration?: string;
		readonly path?: string;
		/** The file of `--config`. */
		readonly file?: string;
		/** Called before a text counts as applied; what it throws refuses it. */
		readonly apply?: (text: string) => void;
	} = {},
): Promise<World> {
	const path = options.path ?? newStateDirectory(owner);
	mkdirSync(path, { recursive: true });
	const state = openStateDirectory(path);
	const reports: string[] = [];
	const applied: string[] = [];
	const configuration = new ConfigurationService({
		directory: join(path, "configuration"),
		copy: state.configuration,
		file: options.file,
		factoryText: options.configuration ?? defaultConfiguration(false),
		caIds: () => caIds,
		trustNames: () => trustNames(state.trust),
		listNames: () => listNames(state.lists),
		apply: async (text) => {
			options.apply?.(text);
			applied.push(text);
		},
		broadcast: (text) => reports.push(`broadcast: ${text}`),
		report: (severity, text) => reports.push(`${severity}: ${text}`),
	});
	await configuration.start();
	owner.after(() => configuration.stop());
	const totals = new Counters();
	const keys = new KeyService(state);
	const events: GatewayEvent[] = [];
	const world: World = {
		cleared: undefined,
		reports,
		applied,
		people: [],
		terminals: () => world.people,
		evict: (fits) => {
			const leaving = world.people.filter(fits);
			world.people = world.people.filter((one) => !leaving.includes(one));
			return leaving.length;
		},
		gateway: {
			state,
			plan: compileGateway(parseConfiguration(configuration.text, "configuration", caIds).config),
			startedAt: Date.now() - 90_061_000,
			configuration,
			keys,
			certificates: new CertificateService({
				keys,
				directory: path,
				config: () => parseConfiguration(configuration.text, "configuration", caIds).config,
				apply: async () => {
					applied.push("certificates");
				},
				event: (event) => events.push(event),
				now: Date.now,
			}),
			events,
			staples: new StapleService((event) => events.push(event), Date.now),
			trust: new TrustService({
				directory: state.trust,
				config: () => parseConfiguration(configuration.text, "configuration", caIds).config,
				apply: async () => {
					applied.push(`trust: ${[...trustNames(state.trust)].join(" ")}`);
				},
				event: (event) => reports.push(formatEvent(event)),
				now: Date.now,
			}),
			feeds: {
				views: () => world.gateway.feedViews,
				update: (name) => world.gateway.feedViews.filter((one) => name === undefined || one.name === name).length,
			},
			feedViews: [],
			feedTables: new Map(),
			askFeeds: async () => world.gateway.feedTables,
			rules: { views: () => world.gateway.ruleViews, update: () => world.gateway.ruleViews.length },
			ruleViews: [],
			intelligence: new IntelligenceDesk(Date.now()),
			learnedBypass: new LearnedBypassService({
				settings: () => ({ clients: 1, lifetimeMs: 60_000, maximum: 10 }),
				publish: (entries) => void applied.push(`learned: ${entries.length}`),
				learned: () => undefined,
				now: Date.now,
			}),
			quarantine: new QuarantineDesk({
				settings: () => world.gateway.plan.quarantine,
				publish: (entries) => void applied.push(`quarantined: ${entries.length}`),
				event: (event) => reports.push(formatEvent(event)),
				now: Date.now,
			}),
			idp: new IdpDesk({
				event: (event) => events.push(event),
				count: (counter, by) => totals.add(counter, by),
				lines: { append: () => undefined },
				now: Date.now,
			}),
			domainLists: new DomainListService({
				directory: state.lists,
				apply: async () => void applied.push("domain lists"),
				report: (change, user) => reports.push(`${user}: ${change}`),
			}),
			crls: new CrlService(
				{
					directory: join(state.crl, "loaded"),
					config: () => parseConfiguration(configuration.text, "configuration", caIds).config,
					certificates: (profile) => world.gateway.trust.directory.bundle("profile", profile)?.certificates ?? [],
					apply: async () => {
						applied.push(`lists: ${world.gateway.crls.current().length}`);
					},
					forgetFetched: () => applied.push("forget-fetched"),
					report: (change, user) => reports.push(`${user}: ${change}`),
				},
				(file, why) => reports.push(`${file}: ${why}`),
			),
			policyHits: new PolicyHits(),
			vpnsState: undefined,
			vpns: {
				processId: undefined,
				state: async () => world.gateway.vpnsState,
				clear: (order) => void applied.push(`clear: ${JSON.stringify(order)}`),
			},
			totals,
			workers: [
				{
					number: 1,
					processId: process.pid,
					isListening: true,
					startedAt: 0,
					restarts: 0,
					counters: { sessions_active: 3 },
				},
			],
			counters: () => totals.snapshot(),
			workerViews: () => world.gateway.workers,
			certificateCaches: async () => [],
			endSessions: async () => 0,
			clearCertificateCaches: () => void applied.push("clear-certificate-cache"),
			restartWorkers: (number) =>
				world.gateway.workers.filter((one) => number === undefined || one.number === number).length,
		},
	};
	return world;
}

let batches = 0;

/** Puts session records into the event store of a world. */
export function storeEvents(world: World, ...events: readonly GatewayEvent[]): void {
	const { database } = openEventDatabase(world.gateway.state.eventStore, recordedAt);
	database.append(`batch-${++batches}`, events.map(eventRow));
	database.close();
}

export function storeSessions(world: World, ...records: readonly SessionRecord[]): void {
	const { database } = openEventDatabase(world.gateway.state.eventStore, recordedAt);
	database.append(`batch-${++batches}`, records.map(sessionRow));
	database.close();
}
