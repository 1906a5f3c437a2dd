/**
 * The event store as its owner sees it: records and events go in and are written in batches by a worker thread. Nothing
 * here blocks or throws on traffic: what finds no room is counted, reported and dropped.
 *
 * A killed process loses at most what was appended in the last `flushMs` (200 ms), or what waited during an outage that
 * was reported; everything written before is in the file and the next start works.
 */

import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { Counters } from "#telemetry/counters.ts";
import type { StoreReply, StoreRequest, StoreSettings, StoreTiming } from "#telemetry/event-store-message.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import { RecordQueue } from "#telemetry/record-queue.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventRow, type StoredRow, sessionRow } from "#telemetry/session-row.ts";

export interface EventStoreOptions {
	/** The database; its directory is made when missing. */
	readonly file: string;
	/** What is older is removed. */
	readonly retentionDays: number;
	/** When the file holds more, the oldest is removed. */
	readonly maxSizeMib: number;
	/** Told of each event that the store itself has to report; it also stores them. For the daemon log. */
	readonly onEvent?: (event: GatewayEvent) => void;
	/** Counters of the store go here too. */
	readonly counters?: Counters;
	readonly timing?: Partial<StoreTiming>;
	/** How many records may wait in memory. */
	readonly queueCapacity?: number;
}

export interface EventStoreStats {
	/** Waiting in memory, the batch being written included. */
	readonly queued: number;
	readonly sessionsStored: number;
	readonly eventsStored: number;
	readonly dropped: number;
	readonly failures: number;
	/** False from a failed write to the next one that succeeds. */
	readonly isWritable: boolean;
	/** Octets used in the file after the last write. */
	readonly usedOctets: number;
}

/**
 * Opens the store; the file is opened by the worker, so trouble with it arrives as events.
 *
 * Bounds: at most `queueCapacity` records and `queueOctets` (64 MiB) wait in memory.
 */
export function openEventStore(options: EventStoreOptions): EventStore {
	return new EventStore(options);
}

/** Use `openEventStore`. */
export class EventStore {
	readonly #options: EventStoreOptions;
	readonly #settings: StoreSettings;
	readonly #queue: RecordQueue;
	readonly #instance = randomUUID();
	#worker: Worker | undefined;
	#batch: { readonly token: string; readonly rows: readonly StoredRow[] } | undefined;
	#isBatchSent = false;
	#batches = 0;
	#timer: NodeJS.Timeout | undefined;
	#outage: { readonly since: number; readonly droppedBefore: number; retryMs: number } | undefined;
	#dropReportDue = 0;
	#stored = { sessions: 0, events: 0 };
	#failures = 0;
	#usedOctets = 0;
	#closing: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

	constructor(options: EventStoreOptions) {
		this.#options = options;
		this.#queue = new RecordQueue(options.queueCapacity ?? queueCapacity, queueOctets, ownEventsCapacity);
		const { file, retentionDays, maxSizeMib } = options;
		this.#settings = { file, retentionDays, maxSizeMib, timing: { ...defaultTiming, ...options.timing } };
		this.#startWorker();
	}

	/** Takes the records of ended sessions; they are in the file after at most `flushMs` and the time of a write. */
	appendSessions(records: readonly SessionRecord[]): void {
		for (const record of records) this.#enqueue(() => sessionRow(record));
		this.#schedule();
	}

	appendEvents(events: readonly GatewayEvent[]): void {
		for (const event of events) this.#enqueue(() => eventRow(event));
		this.#schedule();
	}

	stats(): EventStoreStats {
		return {
			queued: this.#waiting(),
			sessionsStored: this.#stored.sessions,
			eventsStored: this.#stored.events,
			dropped: this.#queue.dropped,
			failures: this.#failures,
			isWritable: this.#outage === undefined,
			usedOctets: this.#usedOctets,
		};
	}

	/**
	 * Writes what is queued, closes the file and ends the worker. What cannot be written at the first attempt, or in
	 * `closeMs`, is dropped and said.
	 */
	close(): Promise<void> {
		if (this.#closing === undefined) {
			this.#closing = Promise.withResolvers<void>();
			const deadline = setTimeout(() => this.#finish(), this.#settings.timing.closeMs);
			this.#closing.promise.then(() => clearTimeout(deadline));
			if (this.#worker === undefined) this.#finish();
			else this.#flush();
		}
		return this.#closing.promise;
	}

	#enqueue(encode: () => StoredRow): void {
		const reason = this.#refusal(encode);
		if (reason !== undefined) this.#drop(1, reason);
	}

	/** Takes what `encode` makes, or says why not. */
	#refusal(encode: () => StoredRow): string | undefined {
		if (this.#closing !== undefined) return "the store is closed";
		try {
			const isTaken = this.#queue.push(encode(), this.#batch?.rows.length ?? 0);
			return isTaken ? undefined : "the queue is full because the store does not keep up";
		} catch (error) {
			return `a record cannot be encoded: ${messageOf(error)}`;
		}
	}

	#waiting(): number {
		return this.#queue.length + (this.#batch?.rows.length ?? 0);
	}

	#drop(count: number, reason: string): void {
		this.#queue.drop(count, reason);
		this.#options.counters?.add("records_dropped", count);
		if (Date.now() >= this.#dropReportDue) this.#reportDropped();
	}

	#reportDropped(): void {
		const account = this.#queue.account();
		if (account === undefined) return;
		this.#dropReportDue = Date.now() + dropReportMs;
		this.#report(gatewayEvent("RECORDS_DROPPED", Date.now(), { ...account }));
	}

	/** The store's own events have room of their own, so that a full queue can still be reported. */
	#report(event: GatewayEvent): void {
		if (this.#closing === undefined) {
			this.#queue.pushReserved(eventRow(event), this.#batch?.rows.length ?? 0);
			this.#schedule();
		}
		this.#options.onEvent?.(event);
	}

	#schedule(): void {
		if (this.#batch !== undefined || this.#queue.length === 0) return;
		if (this.#queue.length >= batchRows && this.#outage === undefined) this.#flush();
		else this.#wakeIn(this.#settings.timing.flushMs);
	}

	#wakeIn(delayMs: number): void {
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			this.#flush();
		}, delayMs);
	}

	/** Sends the next batch, or the one that failed once more; when there is none and the store closes, closes it. */
	#flush(): void {
		if (this.#isBatchSent || this.#worker === undefined) return;
		if (this.#batch === undefined && this.#queue.length > 0) {
			this.#batch = { token: `${this.#instance}-${++this.#batches}`, rows: this.#queue.take(batchRows) };
		}
		if (this.#batch === undefined) {
			if (this.#closing !== undefined) this.#ask({ kind: "close" });
			return;
		}
		this.#isBatchSent = true;
		this.#ask({ kind: "append", ...this.#batch });
	}

	#ask(request: StoreRequest): void {
		this.#worker?.postMessage(request);
	}

	#startWorker(): void {
		const worker = new Worker(new URL("./event-store-worker-shell.ts", import.meta.url), {
			workerData: this.#settings,
			name: "event-store",
		});
		this.#worker = worker;
		let cause = "its thread ended";
		worker.on("message", (reply: StoreReply) => this.#hear(reply));
		worker.on("error", (error) => {
			cause = `its thread failed: ${messageOf(error)}`;
		});
		worker.on("exit", () => this.#workerEnded(cause));
	}

	#hear(reply: StoreReply): void {
		if (reply.kind === "written") this.#batchWritten(reply);
		else if (reply.kind === "failed") this.#batchFailed(reply.isFull ? "STORE_FULL" : "STORE_UNWRITABLE", reply.reason);
		else if (reply.kind === "closed") this.#finish();
		else this.#report(this.#eventOf(reply));
	}

	#eventOf(reply: Extract<StoreReply, { kind: "moved-aside" | "disappeared" | "retained" }>): GatewayEvent {
		const { file } = this.#settings;
		if (reply.kind === "moved-aside") {
			return gatewayEvent("STORE_MOVED_ASIDE", Date.now(), { file, to: reply.to, reason: reply.reason });
		}
		if (reply.kind === "disappeared") return gatewayEvent("STORE_DISAPPEARED", Date.now(), { file });
		const { sessions, events, reason } = reply;
		this.#options.counters?.add("records_expired", sessions + events);
		return gatewayEvent("STORE_RETENTION_APPLIED", Date.now(), { file, sessions, events, reason });
	}

	#batchWritten({ sessions, events, usedOctets }: Extract<StoreReply, { kind: "written" }>): void {
		const refused = (this.#batch?.rows.length ?? 0) - sessions - events;
		this.#batch = undefined;
		this.#isBatchSent = false;
		this.#usedOctets = usedOctets;
		this.#stored.sessions += sessions;
		this.#stored.events += events;
		this.#options.counters?.add("sessions_stored", sessions);
		this.#options.counters?.add("events_stored", events);
		if (refused > 0) this.#drop(refused, "the database refused them as malformed");
		if (Date.now() >= this.#dropReportDue) this.#reportDropped();
		if (this.#outage !== undefined) this.#recovered(this.#outage);
		if (this.#closing !== undefined || this.#queue.length >= batchRows) this.#flush();
		else this.#schedule();
	}

	#recovered(outage: { readonly since: number; readonly droppedBefore: number }): void {
		this.#outage = undefined;
		this.#reportDropped();
		this.#report(
			gatewayEvent("STORE_WRITABLE_AGAIN", Date.now(), {
				file: this.#settings.file,
				outageSeconds: Math.round((Date.now() - outage.since) / 1_000),
				dropped: this.#queue.dropped - outage.droppedBefore,
			}),
		);
	}

	#batchFailed(id: "STORE_FULL" | "STORE_UNWRITABLE", reason: string): void {
		this.#isBatchSent = false;
		this.#failures++;
		this.#options.counters?.add("store_failures");
		const { retryMs, longestRetryMs } = this.#settings.timing;
		if (this.#outage === undefined) {
			this.#outage = { since: Date.now(), droppedBefore: this.#queue.dropped, retryMs };
			this.#report(gatewayEvent(id, Date.now(), { file: this.#settings.file, reason }));
		} else {
			this.#outage.retryMs = Math.min(this.#outage.retryMs * 2, longestRetryMs);
		}
		if (this.#closing !== undefined) this.#finish();
		else this.#wakeIn(this.#outage.retryMs);
	}

	/** The thread is gone: start another and send the batch again; its token keeps it from being written twice. */
	#workerEnded(cause: string): void {
		this.#worker = undefined;
		if (this.#closing !== undefined) {
			this.#finish();
			return;
		}
		this.#batchFailed("STORE_UNWRITABLE", cause);
		setTimeout(() => {
			if (this.#closing !== undefined) return;
			this.#startWorker();
			this.#flush();
		}, this.#settings.timing.retryMs);
	}

	#finish(): void {
		const { closing, worker } = { closing: this.#closing, worker: this.#worker };
		if (closing === undefined) return;
		clearTimeout(this.#timer);
		this.#worker = undefined;
		const lost = this.#waiting();
		this.#queue.take(lost);
		this.#batch = undefined;
		this.#queue.drop(lost, "the store was closed before they could be written");
		this.#options.counters?.add("records_dropped", lost);
		this.#reportDropped();
		if (worker === undefined) closing.resolve();
		else worker.terminate().then(() => closing.resolve(), closing.resolve);
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

const defaultTiming: StoreTiming = {
	flushMs: 200,
	retryMs: 1_000,
	longestRetryMs: 30_000,
	firstRetentionMs: 5_000,
	retentionMs: 60_000,
	retentionReportMs: 3_600_000,
	closeMs: 5_000,
};
const queueCapacity = 50_000;
const queueOctets = 64 * 1_048_576;
/** Small enough to find room on a disk that is nearly full. */
const batchRows = 500;
const ownEventsCapacity = 100;
const dropReportMs = 10_000;
