/**
 * The process that `sallyport start` runs: holds configuration, CA keys and the event store; starts, watches and restarts
 * the workers.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { formatEndpoint } from "#base/address.ts";
import { FaultError, fault } from "#base/fault.ts";
import { openLinux } from "#base/linux-shell.ts";
import { digestOf, longestChange } from "#config/reread.ts";
import type { Branch } from "#config/tree.ts";
import { CertificateCaches } from "#daemon/certificate-caches.ts";
import { CertificateService } from "#daemon/certificate-service.ts";
import { CliService } from "#daemon/cli-service.ts";
import { ConfigurationService } from "#daemon/configuration-service.ts";
import { CrlService } from "#daemon/crl-service.ts";
import { openDaemonLog } from "#daemon/daemon-log.ts";
import { defaultConfiguration, trustedCaId } from "#daemon/default-configuration.ts";
import { listNames } from "#daemon/domain-list-directory.ts";
import { DomainListService } from "#daemon/domain-list-service.ts";
import type { FetchSurroundings } from "#daemon/feed-fetch.ts";
import { FeedQuestions } from "#daemon/feed-questions.ts";
import { FeedService } from "#daemon/feed-service.ts";
import type { GatewayView, SessionsToEnd, WorkerView } from "#daemon/gateway-view.ts";
import { IdpDesk } from "#daemon/idp-desk.ts";
import { IkedService } from "#daemon/iked-service.ts";
import { IntelligenceDesk } from "#daemon/intelligence-desk.ts";
import { KeyService } from "#daemon/key-service.ts";
import { LearnedBypassService } from "#daemon/learned-bypass-service.ts";
import { LineFile } from "#daemon/line-file.ts";
import { type CheckedConfiguration, checkConfiguration, type LoadedConfiguration } from "#daemon/load-configuration.ts";
import { publishOnboarding } from "#daemon/onboarding-site.ts";
import { ownAuthorityKeys } from "#daemon/own-authority-keys.ts";
import { OwnCrls } from "#daemon/own-crls.ts";
import { PacketFilterService } from "#daemon/packet-filter-service.ts";
import { PacketLogDesk } from "#daemon/packet-log-desk.ts";
import { PolicyHits } from "#daemon/policy-hits.ts";
import { QuarantineDesk } from "#daemon/quarantine-desk.ts";
import { RefusedQuicService } from "#daemon/refused-quic-service.ts";
import { ruleWords } from "#daemon/rule-words.ts";
import { SigningDesk } from "#daemon/signing-desk.ts";
import { StapleService } from "#daemon/staple-service.ts";
import { openStateDirectory, type StateDirectory } from "#daemon/state-directory.ts";
import { readTrust, trustNames } from "#daemon/trust-directory.ts";
import { TrustService } from "#daemon/trust-service.ts";
import { productVersion } from "#daemon/version.ts";
import { WorkerPool } from "#daemon/worker-pool.ts";
import type { CertificateCacheFacts, WorkerConfiguration } from "#daemon/worker-protocol.ts";
import { WorkerQuestions } from "#daemon/worker-questions.ts";
import { PacketFilter } from "#firewall/apply-shell.ts";
import { compileFeedSources } from "#inspect/compile-precedence.ts";
import type { FeedTables, ReputationFacts } from "#inspect/reputation.ts";
import { compileRuleSources } from "#inspect/rule-sources.ts";
import { compileRevocation } from "#pki/compile-revocation.ts";
import type { TrustSources } from "#pki/trust-selection.ts";
import { compileGateway, type GatewayPlan } from "#proxy/compile.ts";
import { Listener } from "#proxy/listener-shell.ts";
import { TransparentListener } from "#proxy/transparent-listener-shell.ts";
import { type CounterSnapshot, Counters, mergeCounters } from "#telemetry/counters.ts";
import { type EventStore, openEventStore } from "#telemetry/event-store-shell.ts";
import { formatEvent, type GatewayEvent, gatewayEvent, severityOf } from "#telemetry/event-table.ts";

/** What `start` is given on the command line. */
export interface ManagedOptions {
	readonly statePath: string;
	/** A configuration file other than the one in the state directory. */
	readonly configurationFile: string | undefined;
}

/** A running gateway. */
export class Managed implements GatewayView {
	readonly #packetFilter: PacketFilterService;
	readonly #refusedQuic = new RefusedQuicService({
		holdsPacketFilter: () => this.#packetFilter.isHeld,
		record: (record) => this.#store.appendSessions([record]),
		failed: (reason) => this.#log.warn(reason),
	});
	readonly policyHits = new PolicyHits(() => this.#packetFilter.hits());
	readonly state: StateDirectory;
	readonly configuration: ConfigurationService;
	readonly keys: KeyService;
	readonly certificates: CertificateService;
	readonly trust: TrustService;
	readonly crls: CrlService;
	readonly staples = new StapleService((event) => this.#event(event), Date.now);
	readonly domainLists: DomainListService;
	readonly learnedBypass = new LearnedBypassService({
		settings: (name) => this.plan.policy.rules.find(({ profile }) => profile?.name === name)?.profile?.learnedBypass,
		publish: (learned) => this.workers.tellAll({ type: "learned-bypass", learned }),
		learned: ({ host, port, sni, profile, clients, until }) =>
			this.#event(gatewayEvent("BYPASS_LEARNED", Date.now(), { host, port, sni, profile, clients, until })),
		now: Date.now,
	});
	readonly vpns: IkedService;
	readonly quarantine = new QuarantineDesk({
		settings: () => this.plan.quarantine,
		publish: (quarantined) => this.workers.tellAll({ type: "quarantined", quarantined }),
		event: (event) => this.#event(event),
		count: (counter, by) => this.#counters.add(counter, by),
		now: Date.now,
	});
	readonly feeds: FeedService;
	readonly rules: FeedService;
	readonly intelligence = new IntelligenceDesk(Date.now());
	readonly idp: IdpDesk;
	readonly #packetLogs: PacketLogDesk;
	plan: GatewayPlan;
	readonly configurationFile: string;
	readonly warnings: readonly string[];
	readonly workers: WorkerPool;
	readonly #log: Logger;
	#loaded: LoadedConfiguration & { readonly sha256: string };
	/** What the text of `#loaded` is read as. */
	#tree: Branch;
	/** What the text of `#loaded` has other than that which the workers were told before; undefined when they need the text. */
	#change: string | undefined;
	#trust: TrustSources;
	readonly #desk: SigningDesk;
	readonly #sessionEnds = new WorkerQuestions<number>();
	readonly #feedQuestions = new FeedQuestions((message) => this.workers.tellAll(message));
	readonly #caches = new CertificateCaches((message) => this.workers.tellAll(message));
	#lastChange: Promise<void> = Promise.resolve();
	readonly #store: EventStore;
	readonly #counters = new Counters();
	readonly startedAt = Date.now();
	readonly #cli: CliService;
	readonly #ownCrls: OwnCrls;
	readonly #crlTimer = setInterval(() => this.#lookAround(), lookMs).unref();
	readonly #filterTimer = setInterval(() => {
		this.#inTurn(() => this.#packetFilter.look()).catch((error) => this.#filterFailed(error));
		void this.#inTurn(() => this.vpns.look());
	}, filterLookMs).unref();
	#isStopping = false;

	/** Prepares everything but the workers. Throws `FaultError` for whatever keeps the gateway from running. */
	constructor(options: ManagedOptions) {
		this.state = openStateDirectory(options.statePath);
		takeLock(this.state);
		this.#log = openDaemonLog(this.state.log, (reason) => {
			process.stderr.write(`sallyport: log ${this.state.log} cannot be written: ${reason}; free space on its disk\n`);
		});
		this.idp = new IdpDesk({
			event: (event) => this.#event(event),
			count: (counter, by) => this.#counters.add(counter, by),
			lines: new LineFile({
				path: this.state.eve,
				maxOctets: 67_108_864,
				files: 4,
				failed: (reason) => this.#log.error({ reason }, "lines of attacks cannot be written to eve.json"),
			}),
			now: Date.now,
		});
		this.#packetLogs = new PacketLogDesk({
			directory: this.state.packetLogs,
			event: (event) => this.#event(event),
			count: (counter, by) => this.#counters.add(counter, by),
			now: Date.now,
		});
		this.configurationFile = options.configurationFile ?? this.state.configuration;
		this.keys = new KeyService(this.state);
		this.certificates = new CertificateService({
			keys: this.keys,
			directory: this.state.path,
			config: () => this.#loaded.config,
			apply: () => this.#inTurn(() => this.#putCertificatesInForce()),
			event: (event) => this.#event(event),
			now: Date.now,
		});
		this.trust = new TrustService({
			directory: this.state.trust,
			config: () => this.#loaded.config,
			apply: () => this.#inTurn(() => this.#putInForce(this.#loaded.text, "", this.#tree)),
			event: (event) => this.#event(event),
			now: Date.now,
		});
		this.crls = new CrlService(
			{
				directory: join(this.state.crl, "loaded"),
				config: () => this.#loaded.config,
				certificates: (profile) => this.trust.directory.bundle("profile", profile)?.certificates ?? [],
				apply: () =>
					this.#inTurn(async () => {
						await this.workers.configure();
						await this.vpns.apply(this.#loaded.config);
					}),
				forgetFetched: () => {
					this.workers.tellAll({ type: "forget-fetched" });
					this.vpns.forgetFetched();
				},
				report: (change, user) => this.#event(gatewayEvent("TRUST_CHANGED", Date.now(), { change, user })),
			},
			(file, reason) => this.#log.error({ file, reason }, "a revocation list cannot be read"),
		);
		this.configuration = new ConfigurationService({
			directory: join(this.state.path, "configuration"),
			copy: this.state.configuration,
			file: options.configurationFile,
			factoryText: defaultConfiguration(hasIpv6Loopback()),
			caIds: () => this.keys.signerIds(),
			certificates: () => this.keys.certificates(),
			trustNames: () => trustNames(this.state.trust),
			listNames: () => listNames(this.state.lists),
			apply: (text, change, tree) => this.configure(text, change, tree),
			broadcast: (text) => this.#cli.broadcast(text),
			report: (severity, text) => this.#log[severity](text),
		});
		this.#packetFilter = new PacketFilterService({
			filter: new PacketFilter(this.state.path),
			event: (event) => this.#event(event),
			now: Date.now,
		});
		this.vpns = new IkedService({
			sources: () => ({
				store: this.keys.store,
				trust: this.trust.directory,
				loadedCrls: this.crls.current(),
			}),
			listFetched: (list) => this.crls.note(list),
			logDirectory: dirname(this.state.log),
			stateDirectory: this.state.path,
			event: (event) => this.#event(event),
			log: this.#log,
			now: Date.now,
		});
		this.domainLists = new DomainListService({
			directory: this.state.lists,
			apply: () => this.#inTurn(() => this.#putInForce(this.#loaded.text, "", this.#tree)),
			report: (change, user) => this.#event(gatewayEvent("DOMAIN_LIST_CHANGED", Date.now(), { change, user })),
		});
		this.feeds = new FeedService({
			directory: this.state.feeds,
			surroundings: () => this.#fetchSurroundings(),
			changed: () => this.workers.tellAll({ type: "feeds-fetched" }),
			event: (event) => this.#event(event),
			now: Date.now,
			random: Math.random,
		});
		this.rules = new FeedService({
			directory: this.state.idpRules,
			surroundings: () => this.#fetchSurroundings(),
			changed: () => void this.#inTurn(() => this.workers.configure()).catch((error) => this.#rulesFailed(error)),
			event: (event) => this.#event(event),
			words: ruleWords,
			now: Date.now,
			random: Math.random,
		});
		const { text } = this.configuration;
		this.#tree = this.configuration.candidates.active;
		this.#loaded = { ...this.#check(this.configurationFile, this.#tree), text, sha256: digestOf(text) };
		this.warnings = [...this.configuration.notes, ...this.#loaded.warnings];
		this.plan = compileGateway(this.#loaded.config, this.domainLists.lists());
		refuseWithoutPurpose(this.plan, this.#loaded.config, this.configurationFile);
		for (const warning of this.warnings) this.#log.warn(warning);
		this.keys.open(this.#loaded.config, this.startedAt);
		this.#desk = new SigningDesk({ keys: this.keys, event: (event) => this.#event(event), counters: this.#counters });
		this.#desk.use(this.plan.signingCas, this.plan.leaves);
		this.#ownCrls = new OwnCrls(this.state.crl);
		this.#renewCrls();
		this.#trust = readTrust(this.state.trust, this.#loaded.config.security.pki.defaultTrustStore.file);
		const eventStore = this.#loaded.config.security.log.eventStore;
		this.#store = openEventStore({
			file: this.state.eventStore,
			retentionDays: eventStore.retention,
			maxSizeMib: eventStore.maximumSize,
			onEvent: (event) => this.#logEvent(event),
			counters: this.#counters,
		});
		const count = this.#loaded.config.services.gateway.workers ?? availableParallelism();
		this.workers = new WorkerPool(count, {
			directory: this.state.path,
			configuration: (form) => this.#workerConfiguration(form),
			certificateCache: (question, facts) => this.#caches.answered(question, facts),
			sessionsEnded: (question, count) => this.#sessionEnds.answered(question, count),
			sign: (message, worker, answer) => this.#desk.sign(message, worker, answer),
			records: (records, tallies) => {
				this.policyHits.count(tallies);
				this.#store.appendSessions(records);
			},
			event: (event) => {
				this.intelligence.heard(event);
				this.idp.seen(event);
				this.#event(event);
			},
			feedsAsked: (question, found) => this.#feedQuestions.answered(question, found),
			feedsMatched: (tallies) => this.intelligence.count(tallies),
			leafRefused: (server, client) => this.learnedBypass.refused(server, client),
			quarantine: (entry, isCreationLogged) => this.quarantine.noted(entry, isCreationLogged),
			quarantineUsed: (uses) => this.quarantine.used(uses),
			attacks: (attacks) => this.idp.noted(attacks),
			packetLog: (report) => this.#packetLogs.noted(report),
			listFetched: (list) => this.crls.note(list),
			staple: (facts) => this.staples.note(facts),
			log: this.#log,
			counters: this.#counters,
		});
		this.#cli = new CliService(this, (severity, text) => this.#log[severity](text));
		this.#publishAuthorities();
		this.certificates.tellExpiry();
	}

	/** Starts the workers; resolves when all of them accept clients, rejects with the fault of the first that cannot. */
	async start(): Promise<void> {
		await this.#packetFilter.start();
		await this.vpns.start();
		await this.#packetFilter.check(this.#loaded.config);
		for (const plan of this.plan.transparent) {
			const probe = new TransparentListener(plan, await openLinux(), {
				taken: (_, socket) => socket.destroy(),
				strayed() {},
			});
			await probe.open(false);
			await probe.close();
		}
		for (const plan of this.plan.listeners) {
			// All workers share the address; a stranger on it shows only to a socket that does not share.
			const probe = new Listener(plan, (_, socket) => socket.destroy());
			await probe.open(false);
			await probe.close();
		}
		await this.workers.start();
		await this.vpns.apply(this.#loaded.config);
		await this.#packetFilter.apply(this.#loaded.config);
		await this.#refusedQuic.start();
		await this.configuration.start();
		await this.#openCommandLine();
		this.feeds.configure(compileFeedSources(this.#loaded.config.security.intelligence));
		this.rules.configure(compileRuleSources(this.#loaded.config.security.idp));
		this.#configurationLoaded();
		this.#event(
			gatewayEvent("GATEWAY_STARTED", Date.now(), {
				version: productVersion,
				addresses: [
					...this.plan.listeners.map(({ listen }) => formatEndpoint(listen)),
					...this.plan.transparent.map(({ name, port }) => `${name} (port ${port})`),
					...this.plan.datagram.map(({ listen }) => `${formatEndpoint(listen)} (UDP)`),
				],
				workers: this.workers.size,
			}),
		);
	}

	/** The traffic goes on without a command line. */
	async #openCommandLine(): Promise<void> {
		try {
			await this.#cli.listen();
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.#log.error({ reason }, "the command line cannot be reached");
			process.stderr.write(`sallyport: the command line cannot be reached: ${reason}\n`);
		}
	}

	#check(source: string, tree: Branch): CheckedConfiguration {
		const { keys, state } = this;
		const facts = {
			caIds: keys.signerIds(),
			trustNames: trustNames(state.trust),
			certificates: keys.certificates(),
			listNames: listNames(state.lists),
		};
		return checkConfiguration({ tree, errors: [] }, source, facts);
	}

	/** The text of the configuration in force. */
	get configurationText(): string {
		return this.#loaded.text;
	}

	/**
	 * Puts another configuration in force: new sessions of every worker follow it, running ones go on as they are.
	 *
	 * Faults: rejects with a `FaultError` when it is not valid or a worker cannot apply it; then the one before is in force
	 * at every worker.
	 */
	configure(text: string, change: string, tree: Branch): Promise<void> {
		return this.#inTurn(async () => {
			await this.#putInForce(text, change, tree);
			this.#publishAuthorities();
			this.#renewCrls();
			this.#configurationLoaded();
		});
	}

	/** One change after another: each begins with what the one before has left. */
	#inTurn(change: () => Promise<void>): Promise<void> {
		const turn = this.#lastChange.then(change, change);
		this.#lastChange = turn.catch(() => undefined);
		return turn;
	}

	/** Handshakes from now on use what the key store holds now. */
	async #putCertificatesInForce(): Promise<void> {
		await this.#putInForce(this.#loaded.text, "", this.#tree);
		this.#publishAuthorities();
		this.#renewCrls();
	}

	async #putInForce(text: string, change: string, tree: Branch): Promise<void> {
		const before = this.#loaded;
		const { config, warnings } = this.#check("configuration", tree);
		const plan = compileGateway(config, this.domainLists.lists());
		refuseWithoutPurpose(plan, config, this.configurationFile);
		const trust = readTrust(this.state.trust, config.security.pki.defaultTrustStore.file);
		await this.#packetFilter.check(config);
		const earlier = { trust: this.#trust, plan: this.plan, tree: this.#tree };
		this.keys.protect(config);
		const useEarlierCas = this.#desk.use(plan.signingCas, plan.leaves);
		this.#loaded = { config, warnings, text, sha256: text === before.text ? before.sha256 : digestOf(text) };
		this.#change = change.length > longestChange ? undefined : change;
		this.#tree = tree;
		this.#trust = trust;
		this.plan = plan;
		try {
			await this.workers.configure();
			this.#change = "";
			await this.#packetFilter.apply(config);
			await this.vpns.apply(config);
			this.feeds.configure(compileFeedSources(config.security.intelligence));
			this.rules.configure(compileRuleSources(config.security.idp));
		} catch (error) {
			this.#loaded = before;
			this.#change = undefined;
			this.#tree = earlier.tree;
			useEarlierCas();
			this.keys.protect(before.config);
			this.#trust = earlier.trust;
			this.plan = earlier.plan;
			await this.workers.configure();
			throw error;
		}
	}

	/** Commits what the configuration file holds by now; what keeps it from being so is told and logged. */
	async reload(): Promise<void> {
		try {
			await this.configuration.reload();
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.#event(gatewayEvent("CONFIGURATION_REFUSED", Date.now(), { file: this.configurationFile, reason }));
		}
	}

	#fetchSurroundings(): FetchSurroundings {
		const { listeners, staticHosts, trust: selection } = this.plan;
		return {
			trust: this.#trust,
			selection,
			ownAuthorities: ownAuthorityKeys(this.#desk.signingCas()),
			staticHosts,
			listens: listeners.map(({ listen }) => listen),
			permitted: compileRevocation(this.#loaded.config).permittedNetworks,
		};
	}

	#workerConfiguration(form: "text" | "change"): WorkerConfiguration {
		const { text, sha256 } = this.#loaded;
		return {
			configuration: form === "text" || this.#change === undefined ? { text } : { change: this.#change, sha256 },
			authorities: this.#desk.signingCas(),
			ownCertificates: this.keys.ownCertificates(this.plan.ownCertificates),
			trust: this.#trust,
			lists: this.state.lists,
			learned: this.learnedBypass.entries(),
			quarantined: this.quarantine.entries(),
			ownCrls: this.#ownCrls.current(),
			ownMark: this.#packetFilter.ownMark,
			loadedCrls: this.crls.current(),
		};
	}

	#lookAround(): void {
		this.trust.tellExpiry();
		this.#renewCrls();
		this.certificates.tellExpiry();
	}

	/** Traffic goes on without new lists; the next look tries again. */
	#renewCrls(): void {
		try {
			const ownCrls = this.#ownCrls.renew(this.#desk.authorities(), Date.now());
			if (ownCrls.size > 0) this.workers?.tellAll({ type: "own-crls", ownCrls });
		} catch (error) {
			this.#log.error({ cause: String(error) }, "a revocation list of a signing CA cannot be renewed");
		}
	}

	/** Sessions go on with the rules before. */
	#rulesFailed(error: unknown): void {
		this.#log.error({ cause: String(error) }, "workers did not take up the rules that were fetched");
	}

	/** Traffic goes on as it did. */
	#filterFailed(error: unknown): void {
		this.#log.error(
			{ cause: error instanceof Error ? error.message : String(error) },
			"the packet filter was not changed",
		);
	}

	#configurationLoaded(): void {
		const { sha256 } = this.#loaded;
		this.#event(gatewayEvent("CONFIGURATION_LOADED", Date.now(), { file: this.configurationFile, sha256 }));
		this.trust.tellExpiry();
	}

	/** Stops workers and store. Resolves when nothing runs any more. */
	async stop(reason: string): Promise<void> {
		if (this.#isStopping) return;
		this.#isStopping = true;
		await this.#cli.close();
		await this.configuration.stop();
		this.feeds.stop();
		this.rules.stop();
		clearInterval(this.#crlTimer);
		clearInterval(this.#filterTimer);
		await this.workers.stop();
		await this.#inTurn(() => this.vpns.stop());
		await this.#inTurn(() => this.#packetFilter.stop()).catch((error) => this.#filterFailed(error));
		this.#refusedQuic.stop();
		const uptimeSeconds = Math.round((Date.now() - this.startedAt) / 1000);
		this.#event(gatewayEvent("GATEWAY_STOPPED", Date.now(), { reason, uptimeSeconds }));
		await this.#store.close();
		rmSync(this.state.lock, { force: true });
	}

	/** The sum over all workers, dead ones included, and of this process. */
	counters(): CounterSnapshot {
		return mergeCounters([this.#counters.snapshot(), this.workers.counters()]);
	}

	workerViews(): readonly WorkerView[] {
		return this.workers.views();
	}

	certificateCaches(limit: number): Promise<readonly CertificateCacheFacts[]> {
		return this.#caches.show(limit);
	}

	askFeeds(facts: ReputationFacts): Promise<FeedTables | undefined> {
		return this.#feedQuestions.ask(facts);
	}

	clearCertificateCaches(): void {
		this.#caches.clear();
	}

	async endSessions(which: SessionsToEnd, by: { readonly user: string; readonly which: string }): Promise<number> {
		const counts = await this.#sessionEnds.ask((question) =>
			this.workers.tellAll({ type: "end-sessions", question, ...which }),
		);
		const count = counts.reduce((sum, one) => sum + one, 0);
		this.#event(gatewayEvent("SESSIONS_CLEARED", Date.now(), { count, ...by }));
		return count;
	}

	restartWorkers(number?: number): number {
		return this.workers.restart(number);
	}

	/** The certificates of the first profile's CAs are those that clients are shown. */
	#publishAuthorities(): void {
		const [first] = this.#loaded.config.services.ssl.proxy.profile.values();
		this.#desk.announce();
		const shown = [first?.rootCa ?? trustedCaId, first?.rootCaRsa].filter((id) => id !== undefined);
		publishOnboarding(this.state, this.plan, this.#desk.signingCas(), this.#trust, shown);
	}

	#event(event: GatewayEvent): void {
		this.#store.appendEvents([event]);
		this.#logEvent(event);
	}

	#logEvent(event: GatewayEvent): void {
		const severity = severityOf(event.id);
		const level = severity === "info" || severity === "notice" ? "info" : severity === "warning" ? "warn" : "error";
		this.#log[level]({ event: event.id, ...event.fields }, formatEvent(event));
		if (level === "error") process.stderr.write(`sallyport: ${formatEvent(event)}\n`);
	}
}

/** A gateway that nobody can reach is a mistake, unless it is there for VPNs. */
function refuseWithoutPurpose(plan: GatewayPlan, { security }: LoadedConfiguration["config"], file: string): void {
	if (plan.listeners.length + plan.transparent.length + plan.datagram.length + security.ipsec.vpn.size > 0) return;
	const message = `${file}: nothing listens; expected at least one listener, got none; add services gateway explicit-proxy NAME { listen 127.0.0.1:8080; }`;
	throw new FaultError(fault("CONFIG_INVALID", message));
}

/** One gateway per state directory: its process id stands in a file. A dead one's file is taken over. */
function takeLock(state: StateDirectory): void {
	try {
		writeFileSync(state.lock, `${process.pid}\n`, { mode: 0o600, flag: "wx" });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		const holder = Number.parseInt(readFileSync(state.lock, "utf8"), 10);
		if (isRunning(holder)) {
			const message = `state directory ${state.path} is in use by the gateway with process id ${holder}; stop that one or choose another with --state DIR`;
			throw new FaultError(fault("ALREADY_RUNNING", message));
		}
		writeFileSync(state.lock, `${process.pid}\n`, { mode: 0o600 });
	}
}

/** True when the process is a node process that is alive: process ids are used again. */
function isRunning(processId: number): boolean {
	if (!(processId > 0) || processId === process.pid) return false;
	try {
		return readFileSync(`/proc/${processId}/cmdline`, "utf8").includes("daemon/cli.ts");
	} catch {
		return false;
	}
}

function hasIpv6Loopback(): boolean {
	return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));
}

const lookMs = 3_600_000;
const filterLookMs = 10_000;
