/**
 * The process that `sallyport start` runs: holds configuration, CA keys and the event store; starts, watches and restarts
 * the workers.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { formatAddress, formatEndpoint } from "#base/address.ts";
import { type Fault, FaultError, fault } from "#base/fault.ts";
import { CliService } from "#daemon/cli-service.ts";
import { ConfigurationService } from "#daemon/configuration-service.ts";
import { openDaemonLog } from "#daemon/daemon-log.ts";
import { defaultConfiguration, trustedCaId, untrustedCaId } from "#daemon/default-configuration.ts";
import type { AuthorityView, GatewayView, WorkerView } from "#daemon/gateway-view.ts";
import { type LoadedConfiguration, parseConfiguration } from "#daemon/load-configuration.ts";
import { OwnCrls } from "#daemon/own-crls.ts";
import { openStateDirectory, type StateDirectory } from "#daemon/state-directory.ts";
import { readTrust, trustNames } from "#daemon/trust-directory.ts";
import { productVersion } from "#daemon/version.ts";
import type { ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import { type Authority, loadAuthority, openAuthority, storedAuthorityIds } from "#pki/authority-shell.ts";
import { type GeneralName, generalNameText } from "#pki/general-name.ts";
import { certificatePem } from "#pki/pem.ts";
import type { TrustSources } from "#pki/trust-selection.ts";
import { compileGateway, type GatewayPlan } from "#proxy/compile.ts";
import { Listener } from "#proxy/listener-shell.ts";
import { type CounterSnapshot, Counters, mergeCounters, retireCounters } from "#telemetry/counters.ts";
import { type EventStore, openEventStore } from "#telemetry/event-store-shell.ts";
import { formatEvent, type GatewayEvent, gatewayEvent, severityOf } from "#telemetry/event-table.ts";

/** What `start` is given on the command line. */
export interface ManagedOptions {
	readonly statePath: string;
	/** A configuration file other than the one in the state directory. */
	readonly configurationFile: string | undefined;
}

interface WorkerSlot {
	readonly number: number;
	process: ChildProcess | undefined;
	isListening: boolean;
	startedAt: number;
	restarts: number;
	counters: Partial<CounterSnapshot>;
	/** Its end was asked for: it is no death. */
	isRestarting: boolean;
}

/** A running gateway. */
export class Managed implements GatewayView {
	readonly state: StateDirectory;
	readonly configuration: ConfigurationService;
	plan: GatewayPlan;
	readonly configurationFile: string;
	readonly warnings: readonly string[];
	readonly workers: readonly WorkerSlot[];
	readonly #log: Logger;
	#loaded: LoadedConfiguration;
	#authorities: ReadonlyMap<string, Authority>;
	#trust: TrustSources;
	readonly #own: ReadonlyMap<string, Authority>;
	#revision = 0;
	readonly #configuring = new Map<
		number,
		{ readonly answers: Set<number>; done(): void; failed(fault: Fault): void }
	>();
	readonly #store: EventStore;
	readonly #counters = new Counters();
	readonly #retired: CounterSnapshot[] = [];
	readonly #ticketKeys = randomBytes(48);
	readonly startedAt = Date.now();
	readonly #cli: CliService;
	readonly #ownCrls: OwnCrls;
	readonly #crlTimer = setInterval(() => this.#renewCrls(), crlLookMs).unref();
	#isStopping = false;

	/** Prepares everything but the workers. Throws `FaultError` for whatever keeps the gateway from running. */
	constructor(options: ManagedOptions) {
		this.state = openStateDirectory(options.statePath);
		takeLock(this.state);
		this.#log = openDaemonLog(this.state.log, (reason) => {
			process.stderr.write(`sallyport: log ${this.state.log} cannot be written: ${reason}; free space on its disk\n`);
		});
		this.configurationFile = options.configurationFile ?? this.state.configuration;
		this.#own = openOwnAuthorities(this.state.keys, this.startedAt);
		this.configuration = new ConfigurationService({
			directory: join(this.state.path, "configuration"),
			copy: this.state.configuration,
			file: options.configurationFile,
			factoryText: defaultConfiguration(hasIpv6Loopback()),
			caIds: () => this.signingCertificates(),
			trustNames: () => trustNames(this.state.trust),
			apply: (text) => this.configure(text),
			broadcast: (text) => this.#cli.broadcast(text),
			report: (severity, text) => this.#log[severity](text),
		});
		const { text } = this.configuration;
		this.#loaded = { ...this.#parse(text, this.configurationFile), text };
		this.warnings = [...this.configuration.notes, ...this.#loaded.warnings];
		this.plan = compileGateway(this.#loaded.config);
		refuseWithoutListener(this.plan, this.configurationFile);
		for (const warning of this.warnings) this.#log.warn(warning);
		this.#authorities = loadAuthorities(this.state.keys, this.#own, this.plan.signingCas);
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
		this.workers = Array.from({ length: count }, (_, index) => ({
			number: index + 1,
			process: undefined,
			isListening: false,
			startedAt: 0,
			restarts: 0,
			counters: {},
			isRestarting: false,
		}));
		this.#cli = new CliService(this, (severity, text) => this.#log[severity](text));
		this.#publishAuthorities();
	}

	/** Starts the workers; resolves when all of them accept clients, rejects with the fault of the first that cannot. */
	async start(): Promise<void> {
		for (const plan of this.plan.listeners) {
			// All workers share the address; a stranger on it shows only to a socket that does not share.
			const probe = new Listener(plan, (_, socket) => socket.destroy());
			await probe.open(false);
			await probe.close();
		}
		await Promise.all(this.workers.map((slot) => this.#launch(slot)));
		await this.configuration.start();
		await this.#openCommandLine();
		this.#configurationLoaded();
		this.#event(
			gatewayEvent("GATEWAY_STARTED", Date.now(), {
				version: productVersion,
				addresses: this.plan.listeners.map(({ listen }) => formatEndpoint(listen)),
				workers: this.workers.length,
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

	/** Names of the signing certificates that a configuration may use. */
	signingCertificates(): ReadonlySet<string> {
		return new Set([...this.#own.keys(), ...storedAuthorityIds(this.state.keys)]);
	}

	#parse(text: string, source: string): ReturnType<typeof parseConfiguration> {
		return parseConfiguration(text, source, this.signingCertificates(), trustNames(this.state.trust));
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
	async configure(text: string): Promise<void> {
		const before = this.#loaded;
		const { config, warnings } = this.#parse(text, "configuration");
		const plan = compileGateway(config);
		refuseWithoutListener(plan, this.configurationFile);
		const authorities = loadAuthorities(this.state.keys, this.#own, plan.signingCas);
		const trust = readTrust(this.state.trust, config.security.pki.defaultTrustStore.file);
		const earlier = { authorities: this.#authorities, trust: this.#trust, plan: this.plan };
		this.#loaded = { config, warnings, text };
		this.#authorities = authorities;
		this.#trust = trust;
		this.plan = plan;
		try {
			await this.#configureWorkers();
		} catch (error) {
			this.#loaded = before;
			this.#authorities = earlier.authorities;
			this.#trust = earlier.trust;
			this.plan = earlier.plan;
			await this.#configureWorkers();
			throw error;
		}
		this.#publishAuthorities();
		this.#renewCrls();
		this.#configurationLoaded();
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

	/** Resolves when every worker that runs has taken the configuration up. */
	#configureWorkers(): Promise<void> {
		const revision = ++this.#revision;
		const running = this.workers.filter((slot) => slot.isListening && slot.process !== undefined);
		if (running.length === 0) return Promise.resolve();
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => settle(fault("INTERNAL", "a worker did not answer")), configureMs);
			const settle = (failure?: Fault) => {
				clearTimeout(timer);
				this.#configuring.delete(revision);
				if (failure === undefined) resolve();
				else reject(new FaultError(failure));
			};
			const answers = new Set(running.map(({ number }) => number));
			this.#configuring.set(revision, { answers, done: () => settle(), failed: settle });
			for (const { process: child } of running) {
				if (child !== undefined) this.#toWorker(child, { type: "configure", revision, ...this.#workerConfiguration() });
			}
		});
	}

	/** A worker has answered, or died, which is as good: it starts with the configuration in force. */
	#configured(slot: WorkerSlot, revision: number, failure?: Fault): void {
		const waiting = this.#configuring.get(revision);
		if (waiting === undefined) return;
		if (failure !== undefined) return waiting.failed(failure);
		waiting.answers.delete(slot.number);
		if (waiting.answers.size === 0) waiting.done();
	}

	#workerConfiguration(): Pick<ToWorker & { type: "start" }, "configuration" | "authorities" | "trust" | "ownCrls"> {
		return {
			configuration: this.#loaded.text,
			authorities: [...this.#authorities.values()].map(({ ca }) => ca),
			trust: this.#trust,
			ownCrls: this.#ownCrls.current(),
		};
	}

	/** Traffic goes on without new lists; the next look tries again. */
	#renewCrls(): void {
		try {
			const ownCrls = this.#ownCrls.renew(this.#authorities.values(), Date.now());
			if (ownCrls.size === 0) return;
			for (const { process: child } of this.workers ?? [])
				if (child !== undefined) this.#toWorker(child, { type: "own-crls", ownCrls });
		} catch (error) {
			this.#log.error({ cause: String(error) }, "a revocation list of a signing CA cannot be renewed");
		}
	}

	#configurationLoaded(): void {
		const sha256 = createHash("sha256").update(this.#loaded.text).digest("hex");
		this.#event(gatewayEvent("CONFIGURATION_LOADED", Date.now(), { file: this.configurationFile, sha256 }));
	}

	/** Stops workers and store. Resolves when nothing runs any more. */
	async stop(reason: string): Promise<void> {
		if (this.#isStopping) return;
		this.#isStopping = true;
		await this.#cli.close();
		await this.configuration.stop();
		clearInterval(this.#crlTimer);
		await Promise.all(this.workers.map((slot) => stopWorker(slot)));
		const uptimeSeconds = Math.round((Date.now() - this.startedAt) / 1000);
		this.#event(gatewayEvent("GATEWAY_STOPPED", Date.now(), { reason, uptimeSeconds }));
		await this.#store.close();
		rmSync(this.state.lock, { force: true });
	}

	/** The sum over all workers, dead ones included, and of this process. */
	counters(): CounterSnapshot {
		return mergeCounters([
			this.#counters.snapshot(),
			...this.#retired,
			...this.workers.map(({ counters }) => counters),
		]);
	}

	workerViews(): readonly WorkerView[] {
		return this.workers.map((slot) => ({ ...slot, processId: slot.process?.pid }));
	}

	authorityViews(): readonly AuthorityView[] {
		return [...this.#authorities.values()].map(({ ca: { id, notAfter } }) => ({ id, notAfter }));
	}

	/** Ends a worker, or all, with their sessions; each is started again at once. Answers how many. */
	restartWorkers(number?: number): number {
		const chosen = this.workers.filter(
			(slot) => slot.isListening && slot.process !== undefined && (number === undefined || slot.number === number),
		);
		for (const slot of chosen) {
			slot.isRestarting = true;
			void stopWorker(slot);
		}
		return chosen.length;
	}

	#launch(slot: WorkerSlot): Promise<void> {
		const child = fork(join(import.meta.dirname, "gatewayd.ts"), [], {
			serialization: "advanced",
			execArgv: [...process.execArgv, ...workerFlags],
			// Look-ups of names block a thread each; the default of four lets a few slow names stall everybody's.
			env: { ...process.env, UV_THREADPOOL_SIZE: "16" },
			stdio: ["ignore", "inherit", "inherit", "ipc"],
		});
		slot.process = child;
		slot.isListening = false;
		slot.startedAt = Date.now();
		return new Promise((resolve, reject) => {
			const hear = (message: ToManaged) => {
				if (message.type === "listening") {
					slot.isListening = true;
					resolve();
					this.#event(gatewayEvent("WORKER_STARTED", Date.now(), { worker: slot.number, processId: child.pid ?? 0 }));
				} else if (message.type === "failed") reject(new FaultError(message.fault));
				else if (message.type === "event") this.#event(message.event);
				else if (message.type === "configured") this.#configured(slot, message.revision);
				else if (message.type === "not-configured") this.#configured(slot, message.revision, message.fault);
				else if (message.type !== "stopped") this.#fromWorker(slot, child, message);
			};
			child.on("message", (message: ToManaged) => {
				try {
					hear(message);
				} catch (error) {
					// A worker that was taken over may say anything; it must not end this process.
					this.#log.error(
						{ worker: slot.number, cause: String(error) },
						"worker said what cannot be read; it is ended",
					);
					child.kill("SIGKILL");
				}
			});
			child.on("error", (error) =>
				this.#log.error({ worker: slot.number, cause: error.message }, "worker channel failed"),
			);
			child.on("exit", (code, signal) => {
				reject(new FaultError(fault("INTERNAL", `worker ${slot.number} ended before it listened`)));
				this.#workerEnded(slot, child, signal === null ? `exit status ${code}` : `signal ${signal}`);
			});
			this.#toWorker(child, {
				type: "start",
				ticketKeys: this.#ticketKeys,
				...this.#workerConfiguration(),
			});
		});
	}

	#fromWorker(slot: WorkerSlot, child: ChildProcess, message: ToManaged & { readonly type: "sign" | "records" }): void {
		if (message.type === "records") {
			this.#store.appendSessions(message.records);
			slot.counters = message.counters;
			return;
		}
		const { request, ca, toBeSigned, originSha256 } = message;
		const answer = this.#authorities.get(ca)?.signLeaf(toBeSigned) ?? { kind: "refused", reason: `no CA "${ca}"` };
		if (answer.kind === "refused") {
			this.#counters.add("issuances_refused");
			this.#event(
				gatewayEvent("ISSUANCE_REFUSED", Date.now(), {
					names: [ca],
					originSha256,
					worker: slot.number,
					reason: answer.reason,
				}),
			);
			this.#toWorker(child, { type: "not-signed", request, reason: answer.reason });
			return;
		}
		const { leaf, certificate } = answer;
		this.#toWorker(child, { type: "signed", request, certificate });
		this.#counters.add("certificates_issued");
		const names = (leaf.typed.subjectAltName ?? []).slice(0, maxNamesInEvent).map(nameText);
		const leafSha256 = createHash("sha256").update(certificate).digest("hex");
		const caSha256 = fingerprintOf(this.#authorities.get(ca) as Authority);
		const { serialText: serial, notAfter } = leaf;
		const facts = { names, serial, leafSha256, originSha256, ca, caSha256, notAfter };
		this.#event(gatewayEvent("CERTIFICATE_ISSUED", Date.now(), facts));
	}

	#workerEnded(slot: WorkerSlot, child: ChildProcess, reason: string): void {
		if (slot.process !== child) return;
		for (const revision of this.#configuring.keys()) this.#configured(slot, revision);
		slot.process = undefined;
		const hadListened = slot.isListening;
		slot.isListening = false;
		this.#retired.push(retireCounters(slot.counters));
		if (this.#retired.length > 1) this.#retired.splice(0, this.#retired.length, mergeCounters(this.#retired));
		slot.counters = {};
		if (this.#isStopping || (!hadListened && slot.restarts === 0)) return;
		const wasAsked = slot.isRestarting;
		slot.isRestarting = false;
		if (!wasAsked)
			this.#event(gatewayEvent("WORKER_DIED", Date.now(), { worker: slot.number, processId: child.pid ?? 0, reason }));
		slot.restarts++;
		this.#counters.add("worker_restarts");
		const livedMs = Date.now() - slot.startedAt;
		setTimeout(() => this.#relaunch(slot), livedMs < shortLifeMs && !wasAsked ? restartDelayMs : 0);
	}

	#relaunch(slot: WorkerSlot): void {
		if (this.#isStopping) return;
		this.#launch(slot).then(
			() => {
				const facts = { worker: slot.number, processId: slot.process?.pid ?? 0, restarts: slot.restarts };
				this.#event(gatewayEvent("WORKER_RESTARTED", Date.now(), facts));
			},
			(error: Error) => this.#log.error({ worker: slot.number, cause: error.message }, "worker did not start again"),
		);
	}

	#toWorker(child: ChildProcess, message: ToWorker): void {
		if (child.connected) child.send(message, () => undefined);
	}

	/** The trusted CA's certificate where clients find it, and an event for each CA that is new or near its end. */
	#publishAuthorities(): void {
		const now = Date.now();
		for (const authority of this.#authorities.values()) {
			const { id: ca, notAfter } = authority.ca;
			const sha256 = fingerprintOf(authority);
			if (authority.isNew) this.#event(gatewayEvent("CA_CREATED", now, { ca, sha256, notAfter }));
			const daysLeft = Math.floor((notAfter - now) / dayMs);
			if (daysLeft < 0) this.#event(gatewayEvent("CA_EXPIRED", now, { ca, sha256, notAfter }));
			else if (daysLeft < expiryWarningDays)
				this.#event(gatewayEvent("CA_EXPIRY_NEAR", now, { ca, sha256, notAfter, daysLeft }));
		}
		const first = [...this.#loaded.config.services.ssl.proxy.profile.values()][0];
		const published = this.#authorities.get(first?.rootCa ?? trustedCaId) ?? this.#authorities.get(trustedCaId);
		if (published === undefined) return;
		// The certificate is public: clients on this host read it where it lies.
		writeFileSync(this.state.caCertificate, certificatePem(published.ca.certificate), { mode: 0o600 });
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

function openOwnAuthorities(directory: string, now: number): Map<string, Authority> {
	const plans = [
		{ id: trustedCaId, title: "Sallyport CA", lifetimeDays: caLifetimeDays },
		{ id: untrustedCaId, title: "UNTRUSTED by Sallyport", lifetimeDays: caLifetimeDays },
	];
	return new Map(plans.map((plan) => [plan.id, openAuthority(directory, plan, now)]));
}

/** The signing CAs that the configuration uses: our own two and any `keys/NAME.key` with `keys/NAME.crt`. */
function loadAuthorities(
	directory: string,
	own: ReadonlyMap<string, Authority>,
	ids: readonly string[],
): Map<string, Authority> {
	const authorities = new Map(own);
	for (const id of ids) if (!authorities.has(id)) authorities.set(id, loadAuthority(directory, id));
	return authorities;
}

/** A name as a person writes it: the host name or address alone. */
function nameText(name: GeneralName): string {
	if (name.kind === "dns") return name.text;
	return name.kind === "ip" ? formatAddress({ octets: name.octets }) : generalNameText(name);
}

/** A gateway that nobody can reach is a mistake. */
function refuseWithoutListener(plan: GatewayPlan, file: string): void {
	if (plan.listeners.length > 0) return;
	const message = `${file}: nothing listens; expected at least one listener, got none; add services gateway explicit-proxy NAME { listen 127.0.0.1:8080; }`;
	throw new FaultError(fault("CONFIG_INVALID", message));
}

function fingerprintOf(authority: Authority): string {
	return createHash("sha256").update(authority.ca.certificate).digest("hex");
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

async function stopWorker(slot: WorkerSlot): Promise<void> {
	const child = slot.process;
	if (child === undefined) return;
	const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	if (child.connected) child.send({ type: "stop" } satisfies ToWorker, () => undefined);
	const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
	await ended;
	clearTimeout(timer);
}

function hasIpv6Loopback(): boolean {
	return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));
}

/** Sessions come and go fast: a heap that begins small would be collected several times a second. */
const workerFlags = ["--initial-old-space-size=256"];
const caLifetimeDays = 1_825;
const expiryWarningDays = 60;
const maxNamesInEvent = 32;
const shortLifeMs = 1_000;
const restartDelayMs = 1_000;
const stopMs = 3_000;
const configureMs = 10_000;
const crlLookMs = 3_600_000;
const dayMs = 86_400_000;
