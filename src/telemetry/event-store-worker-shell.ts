/**
 * The event store's worker thread: SQLite is synchronous, so it lives here and never in a thread that serves traffic.
 * Between batches it removes, in small steps, what retention no longer wants.
 */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import {
	type EventDatabase,
	type OpenedDatabase,
	openEventDatabase,
	replaceEventDatabase,
	type StoredCount,
	troubleOf,
} from "#telemetry/event-database-shell.ts";
import type { StoreReply, StoreRequest, StoreSettings } from "#telemetry/event-store-message.ts";
import type { StoredRow } from "#telemetry/session-row.ts";

/** Serves one store over a port until it is told to close. */
class StoreWorker {
	readonly #settings: StoreSettings;
	readonly #port: MessagePort;
	#database: EventDatabase | undefined;
	#retentionTimer: NodeJS.Timeout | undefined;
	#removed = { sessions: 0, events: 0, reasons: new Set<string>() };
	#reportedAt = Number.NEGATIVE_INFINITY;

	constructor(settings: StoreSettings, port: MessagePort) {
		this.#settings = settings;
		this.#port = port;
		port.on("message", (request: StoreRequest) => {
			if (request.kind === "append") this.#append(request.token, request.rows);
			else this.#close();
		});
		this.#armRetention(settings.timing.firstRetentionMs);
	}

	#append(token: string, rows: readonly StoredRow[]): void {
		try {
			const stored = this.#write(token, rows);
			this.#say({ kind: "written", token, ...stored, usedOctets: this.#database?.usedOctets() ?? 0 });
		} catch (error) {
			this.#fail(token, error);
		}
	}

	#write(token: string, rows: readonly StoredRow[]): StoredCount {
		try {
			return this.#open().append(token, rows);
		} catch (error) {
			if (this.#database === undefined || troubleOf(error) !== "broken") throw error;
			this.#closeDatabase();
			const reason = `it is damaged: ${messageOf(error)}`;
			return this.#adopt(replaceEventDatabase(this.#settings.file, Date.now(), reason)).append(token, rows);
		}
	}

	#fail(token: string, error: unknown): void {
		this.#closeDatabase(); // the next attempt begins with a fresh look at the file
		this.#say({ kind: "failed", token, isFull: troubleOf(error) === "full", reason: messageOf(error) });
	}

	#open(): EventDatabase {
		if (this.#database?.isInPlace() === false) {
			this.#closeDatabase();
			this.#say({ kind: "disappeared" });
		}
		return this.#database ?? this.#adopt(openEventDatabase(this.#settings.file, Date.now()));
	}

	#adopt(opened: OpenedDatabase): EventDatabase {
		this.#database = opened.database;
		if (opened.movedAside !== undefined) this.#say({ kind: "moved-aside", ...opened.movedAside });
		return opened.database;
	}

	#armRetention(delayMs: number): void {
		this.#retentionTimer = setTimeout(() => this.#retain(), delayMs);
	}

	#retain(): void {
		const { timing } = this.#settings;
		let isDone = true;
		try {
			const step = this.#open().retentionStep(this.#settings, Date.now());
			isDone = step.isDone;
			this.#removed.sessions += step.sessions;
			this.#removed.events += step.events;
			if (step.reason !== "none") this.#removed.reasons.add(step.reason);
		} catch {
			this.#closeDatabase(); // a write says what is wrong; retention tries again at its next turn
		}
		if (isDone && Date.now() - this.#reportedAt >= timing.retentionReportMs) this.#reportRemoved();
		this.#armRetention(isDone ? timing.retentionMs : stepPauseMs);
	}

	#reportRemoved(): void {
		const { sessions, events, reasons } = this.#removed;
		if (sessions + events === 0) return;
		const { retentionDays, maxSizeMib } = this.#settings;
		const words = { age: `older than ${retentionDays} days`, size: `more than ${maxSizeMib} MiB` };
		const reason = [...reasons].map((name) => words[name as keyof typeof words]).join(", ");
		this.#say({ kind: "retained", sessions, events, reason });
		this.#removed = { sessions: 0, events: 0, reasons: new Set() };
		this.#reportedAt = Date.now();
	}

	#close(): void {
		clearTimeout(this.#retentionTimer);
		this.#reportRemoved();
		this.#closeDatabase();
		this.#say({ kind: "closed" });
		this.#port.close();
	}

	#closeDatabase(): void {
		try {
			this.#database?.close();
		} catch {
			// A database that cannot be closed is dropped all the same; its journal is read at the next opening.
		}
		this.#database = undefined;
	}

	#say(reply: StoreReply): void {
		this.#port.postMessage(reply);
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

const stepPauseMs = 20;

if (parentPort !== null) new StoreWorker(workerData as StoreSettings, parentPort);
