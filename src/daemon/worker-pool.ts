/** The workers of a gateway: starts them, watches them, starts those that die again, and brings them a new configuration. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "pino";
import { type Fault, FaultError, fault } from "#base/fault.ts";
import type { FeedTally } from "#daemon/feed-tallies.ts";
import type { WorkerView } from "#daemon/gateway-view.ts";
import type { PolicyTally } from "#daemon/policy-hits.ts";
import type { ToldAttacks } from "#daemon/worker-attacks.ts";
import type { PacketLogReport } from "#daemon/worker-packet-logs.ts";
import type {
	CertificateCacheFacts,
	FetchedListFacts,
	FoundEntry,
	ToManaged,
	ToWorker,
	WorkerConfiguration,
} from "#daemon/worker-protocol.ts";
import type { EntryUse, QuarantineEntry } from "#inspect/quarantine-list.ts";
import type { StapleFacts } from "#pki/staple-shell.ts";
import type { LearnedServer } from "#proxy/learned-bypass.ts";
import { type CounterSnapshot, type Counters, mergeCounters, retireCounters } from "#telemetry/counters.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** What a pool asks of the process around it. */
export interface WorkerPoolPorts {
	/** The state directory: files that statements name without a leading slash lie there, as those of commands do. */
	readonly directory: string;
	/** What workers are to run, told by its difference from the one before where it may. */
	configuration(form: "text" | "change"): WorkerConfiguration;
	/** A worker's answer about its cache of leaves. */
	certificateCache(question: number, facts: CertificateCacheFacts): void;
	/** How many sessions a worker has ended upon `end-sessions`. */
	sessionsEnded(question: number, count: number): void;
	/** Answers requests for signatures; `answer` goes to the worker that asked. */
	sign(message: ToManaged & { readonly type: "sign" }, worker: number, answer: (message: ToWorker) => void): void;
	/** Records of sessions that have ended. */
	records(records: readonly SessionRecord[], tallies: readonly PolicyTally[]): void;
	event(event: GatewayEvent): void;
	/** A client refused a leaf. */
	leafRefused(server: LearnedServer, client: string): void;
	/** What a worker's feeds have of a connection that was asked about. */
	feedsAsked(question: number, found: readonly FoundEntry[]): void;
	/** Entries of feeds matched. */
	feedsMatched(tallies: readonly FeedTally[]): void;
	/** A worker has shut a host off, or what goes with it. */
	quarantine(entry: QuarantineEntry, isCreationLogged: boolean): void;
	quarantineUsed(uses: readonly EntryUse[]): void;
	/** A worker has found attacks. */
	attacks(attacks: ToldAttacks): void;
	packetLog(report: PacketLogReport): void;
	/** A worker fetched a revocation list. */
	listFetched(list: FetchedListFacts): void;
	/** How a certificate's OCSP response stands at a worker. */
	staple(facts: StapleFacts): void;
	readonly log: Logger;
	readonly counters: Counters;
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

export class WorkerPool {
	readonly #slots: readonly WorkerSlot[];
	readonly #ports: WorkerPoolPorts;
	readonly #ticketKeys = randomBytes(48);
	#revision = 0;
	readonly #configuring = new Map<
		number,
		{ readonly answers: Set<number>; done(): void; failed(fault: Fault): void }
	>();
	readonly #retired: CounterSnapshot[] = [];
	#isStopping = false;

	constructor(count: number, ports: WorkerPoolPorts) {
		this.#ports = ports;
		this.#slots = Array.from({ length: count }, (_, index) => ({
			number: index + 1,
			process: undefined,
			isListening: false,
			startedAt: 0,
			restarts: 0,
			counters: {},
			isRestarting: false,
		}));
	}

	get size(): number {
		return this.#slots.length;
	}

	/** Resolves when all of them accept clients, rejects with the fault of the first that cannot. */
	async start(): Promise<void> {
		await Promise.all(this.#slots.map((slot) => this.#launch(slot)));
	}

	/** Resolves when nothing runs any more. */
	async stop(): Promise<void> {
		this.#isStopping = true;
		await Promise.all(this.#slots.map((slot) => stopWorker(slot)));
	}

	/**
	 * Resolves when every worker that runs has taken the configuration up.
	 *
	 * Faults: rejects with the `FaultError` of the first worker that cannot apply it.
	 */
	configure(): Promise<void> {
		const revision = ++this.#revision;
		const running = this.#running();
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
			this.tellAll({ type: "configure", revision, ...this.#ports.configuration("change") });
		});
	}

	/** Sends a message to every worker that runs; answers how many there are. */
	tellAll(message: ToWorker): number {
		const running = this.#running();
		for (const { process: child } of running) if (child !== undefined) tell(child, message);
		return running.length;
	}

	/** The sum over all workers, dead ones included. */
	counters(): CounterSnapshot {
		return mergeCounters([...this.#retired, ...this.#slots.map(({ counters }) => counters)]);
	}

	views(): readonly WorkerView[] {
		return this.#slots.map((slot) => ({ ...slot, processId: slot.process?.pid }));
	}

	/** Ends a worker, or all, with their sessions; each is started again at once. Answers how many. */
	restart(number?: number): number {
		const chosen = this.#running().filter((slot) => number === undefined || slot.number === number);
		for (const slot of chosen) {
			slot.isRestarting = true;
			void stopWorker(slot);
		}
		return chosen.length;
	}

	#running(): readonly WorkerSlot[] {
		return this.#slots.filter((slot) => slot.isListening && slot.process !== undefined);
	}

	/** A worker has answered, or died, which is as good: it starts with the configuration in force. */
	#configured(slot: WorkerSlot, revision: number, failure?: Fault): void {
		const waiting = this.#configuring.get(revision);
		if (waiting === undefined) return;
		if (failure !== undefined) return waiting.failed(failure);
		waiting.answers.delete(slot.number);
		if (waiting.answers.size === 0) waiting.done();
	}

	#launch(slot: WorkerSlot): Promise<void> {
		const { log } = this.#ports;
		const child = fork(join(import.meta.dirname, "gatewayd.ts"), [], {
			cwd: this.#ports.directory,
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
			child.on("message", (message: ToManaged) => {
				try {
					if (message.type === "failed") reject(new FaultError(message.fault));
					else this.#hear(slot, child, message, resolve);
				} catch (error) {
					// A worker that was taken over may say anything; it must not end this process.
					log.error({ worker: slot.number, cause: String(error) }, "worker said what cannot be read; it is ended");
					child.kill("SIGKILL");
				}
			});
			child.on("error", (error) => log.error({ worker: slot.number, cause: error.message }, "worker channel failed"));
			child.on("exit", (code, signal) => {
				reject(new FaultError(fault("INTERNAL", `worker ${slot.number} ended before it listened`)));
				this.#ended(slot, child, signal === null ? `exit status ${code}` : `signal ${signal}`);
			});
			const place = { worker: slot.number, workers: this.#slots.length };
			tell(child, { type: "start", ticketKeys: this.#ticketKeys, ...place, ...this.#ports.configuration("text") });
		});
	}

	#hear(
		slot: WorkerSlot,
		child: ChildProcess,
		message: Exclude<ToManaged, { readonly type: "failed" }>,
		listening: () => void,
	): void {
		const ports = this.#ports;
		switch (message.type) {
			case "listening":
				slot.isListening = true;
				listening();
				ports.event(gatewayEvent("WORKER_STARTED", Date.now(), { worker: slot.number, processId: child.pid ?? 0 }));
				return;
			case "event":
				return ports.event(message.event);
			case "leaf-refused":
				return ports.leafRefused(message.server, message.client);
			case "feeds-asked":
				return ports.feedsAsked(message.question, message.found);
			case "feeds-matched":
				return ports.feedsMatched(message.tallies);
			case "quarantine":
				return ports.quarantine(message.entry, message.isCreationLogged);
			case "quarantine-used":
				return ports.quarantineUsed(message.uses);
			case "attacks":
				return ports.attacks(message);
			case "packet-log":
				return ports.packetLog(message.report);
			case "list-fetched":
				return ports.listFetched(message.list);
			case "staple":
				return ports.staple(message.facts);
			case "configured":
				return this.#configured(slot, message.revision);
			case "text-wanted":
				return tell(child, { type: "configure", revision: message.revision, ...ports.configuration("text") });
			case "not-configured":
				return this.#configured(slot, message.revision, message.fault);
			case "records":
				ports.records(message.records, message.tallies);
				slot.counters = message.counters;
				return;
			case "certificate-cache": {
				const { question, certificates, contexts, kept } = message;
				return ports.certificateCache(question, { worker: slot.number, certificates, contexts, kept });
			}
			case "sessions-ended":
				return ports.sessionsEnded(message.question, message.count);
			case "sign":
				return ports.sign(message, slot.number, (answer) => tell(child, answer));
			case "stopped":
				return;
		}
	}

	#ended(slot: WorkerSlot, child: ChildProcess, reason: string): void {
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
		const { event, counters } = this.#ports;
		if (!wasAsked)
			event(gatewayEvent("WORKER_DIED", Date.now(), { worker: slot.number, processId: child.pid ?? 0, reason }));
		slot.restarts++;
		counters.add("worker_restarts");
		const livedMs = Date.now() - slot.startedAt;
		setTimeout(() => this.#relaunch(slot), livedMs < shortLifeMs && !wasAsked ? restartDelayMs : 0);
	}

	#relaunch(slot: WorkerSlot): void {
		if (this.#isStopping) return;
		const { event, log } = this.#ports;
		this.#launch(slot).then(
			() => {
				const facts = { worker: slot.number, processId: slot.process?.pid ?? 0, restarts: slot.restarts };
				event(gatewayEvent("WORKER_RESTARTED", Date.now(), facts));
			},
			(error: Error) => log.error({ worker: slot.number, cause: error.message }, "worker did not start again"),
		);
	}
}

function tell(child: ChildProcess, message: ToWorker): void {
	if (child.connected) child.send(message, () => undefined);
}

async function stopWorker(slot: WorkerSlot): Promise<void> {
	const child = slot.process;
	if (child === undefined) return;
	const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	tell(child, { type: "stop" });
	const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
	await ended;
	clearTimeout(timer);
}

/** Sessions come and go fast: a heap that begins small would be collected several times a second. */
const workerFlags = ["--initial-old-space-size=256"];
const shortLifeMs = 1_000;
const restartDelayMs = 1_000;
const stopMs = 3_000;
/** Reading the largest configuration takes a worker some seconds, on a busy host some more. */
const configureMs = 60_000;
