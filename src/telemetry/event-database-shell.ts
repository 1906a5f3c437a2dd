/**
 * The event store's file: opens or makes it, writes batches, removes what is too old or too much. Synchronous; it runs
 * in the store's worker thread and is the only writer of the file. Readers in other processes are `SessionReader`.
 */

import {
	chmodSync,
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readSync,
	renameSync,
	statSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { applicationId, migrations, writerPragmas } from "#telemetry/event-store-schema.ts";
import { eventColumns, type StoredRow, sessionColumns } from "#telemetry/session-row.ts";

/** How the file came to be open. */
export interface OpenedDatabase {
	readonly database: EventDatabase;
	/** Set when what stood at the path was not usable and was kept under another name. */
	readonly movedAside?: { readonly to: string; readonly reason: string };
}

/** How many rows of a batch are in the file. */
export interface StoredCount {
	readonly sessions: number;
	readonly events: number;
}

/** How much to keep. */
export interface RetentionLimits {
	readonly retentionDays: number;
	readonly maxSizeMib: number;
}

/** What one step of retention removed; `isDone` when nothing more is to do now. */
export interface RetentionStep {
	readonly sessions: number;
	readonly events: number;
	readonly reason: "age" | "size" | "none";
	readonly isDone: boolean;
}

/** Why a call of SQLite failed, as far as it makes a difference here. */
export type DatabaseTrouble = "broken" | "full" | "bad-row" | "unwritable";

/**
 * Opens the store for writing and makes it when it is missing. A file that is corrupt, of another program or of a newer
 * version is renamed, with its journal, to `NAME.broken-TIME`, and a fresh one is made. Throws when the path cannot be
 * used at all (no permission, read-only, full).
 */
export function openEventDatabase(file: string, now: number, steps: readonly string[] = migrations): OpenedDatabase {
	mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
	try {
		return { database: new EventDatabase(file, steps) };
	} catch (error) {
		const reason = reasonToMoveAside(error);
		if (reason === undefined) throw error;
		return replaceEventDatabase(file, now, reason, steps);
	}
}

/** Moves the file aside because it failed while in use, and opens a fresh one. It must be closed before. */
export function replaceEventDatabase(
	file: string,
	now: number,
	reason: string,
	steps: readonly string[] = migrations,
): OpenedDatabase {
	const to = moveAside(file, now);
	return { database: new EventDatabase(file, steps), movedAside: { to, reason } };
}

/** Sorts an error of the database; what is not SQLite's own is about the row that was bound. */
export function troubleOf(error: unknown): DatabaseTrouble {
	if (error instanceof UnusableFileError) return "broken";
	const code = primaryCode(error);
	if (code === sqlite.corrupt || code === sqlite.notDatabase) return "broken";
	if (code === sqlite.full) return "full";
	if (code === sqlite.tooBig || code === sqlite.constraint || code === sqlite.mismatch || code === sqlite.range) {
		return "bad-row";
	}
	if (code === undefined && error instanceof TypeError) return "bad-row";
	return "unwritable";
}

export class EventDatabase {
	readonly #file: string;
	readonly #inode: number;
	readonly #database: DatabaseSync;
	readonly #insertSession: StatementSync;
	readonly #insertEvent: StatementSync;
	readonly #insertTag: StatementSync;
	readonly #setToken: StatementSync;
	readonly #lastToken: StatementSync;
	readonly #pageSize: number;

	/** Use `openEventDatabase`. */
	constructor(file: string, steps: readonly string[]) {
		const found = statSync(file, { throwIfNoEntry: false });
		if (found === undefined) closeSync(openSync(file, "wx", 0o600));
		else if (!found.isFile()) throw new Error(`${file} is not a regular file`);
		else if ((found.mode & 0o777) !== 0o600) chmodSync(file, 0o600);
		const isUnclean = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
		if (!hasHeader(file, isUnclean)) throw new UnusableFileError("it is not a database");
		this.#file = file;
		this.#database = new DatabaseSync(file, { timeout: busyTimeoutMs });
		try {
			this.#check(isUnclean, steps.length);
			this.#database.exec(writerPragmas);
			this.#migrate(steps);
			this.#insertSession = this.#database.prepare(insertInto("sessions", sessionColumns));
			this.#insertEvent = this.#database.prepare(insertInto("events", eventColumns));
			this.#insertTag = this.#database.prepare("INSERT OR IGNORE INTO event_tags (tag, event) VALUES (?, ?)");
			this.#setToken = this.#database.prepare("UPDATE last_batch SET token = ?");
			this.#lastToken = this.#database.prepare("SELECT token FROM last_batch");
			this.#pageSize = this.#number("PRAGMA page_size");
			this.#inode = statSync(file).ino;
		} catch (error) {
			this.#database.close();
			throw error;
		}
	}

	/**
	 * Writes the rows in one transaction; a row that the database refuses as malformed is left out of the count. A batch
	 * whose token is that of the last one written is not written again: the answer to it was lost, not the batch.
	 */
	append(token: string, rows: readonly StoredRow[]): StoredCount {
		if (this.#lastToken.get()?.token === token) return countRows(rows);
		const written = this.#transaction(() => {
			const taken = rows.filter((row) => this.#insert(row));
			this.#setToken.run(token);
			return taken;
		});
		return countRows(written);
	}

	/**
	 * One small step of retention: removes up to `rows` of the oldest rows of each kind when they are too old or the file
	 * is too large; when there are none, gives free pages back to the file system.
	 *
	 * Units: `now` in milliseconds since 1970. The size counts the pages in use, without the journal (16 MiB at most).
	 */
	retentionStep(limits: RetentionLimits, now: number, rows = retentionStepRows): RetentionStep {
		const oldest = now - limits.retentionDays * dayMs;
		const byAge = this.#deleteBefore(oldest, rows);
		if (byAge.sessions + byAge.events > 0) return { ...byAge, reason: "age", isDone: false };
		if (this.usedOctets() > limits.maxSizeMib * mib) {
			const edge = this.#oldestEdge(rows);
			const bySize = edge === undefined ? nothing : this.#deleteBefore(edge + 1, rows);
			if (bySize.sessions + bySize.events > 0) return { ...bySize, reason: "size", isDone: false };
		}
		const free = this.#number("PRAGMA freelist_count");
		this.#database.exec(`PRAGMA incremental_vacuum(${shrinkPages})`);
		const left = this.#number("PRAGMA freelist_count");
		return { ...nothing, reason: "none", isDone: left === 0 || left >= free };
	}

	/** Octets of the pages that hold something. */
	usedOctets(): number {
		return (this.#number("PRAGMA page_count") - this.#number("PRAGMA freelist_count")) * this.#pageSize;
	}

	/** False when another file, or none, stands at the path by now: what is written would be lost with the old file. */
	isInPlace(): boolean {
		return statSync(this.#file, { throwIfNoEntry: false })?.ino === this.#inode;
	}

	/** Writes the journal into the file and closes it. */
	close(): void {
		if (this.#database.isOpen) this.#database.close();
	}

	#check(isUnclean: boolean, newest: number): void {
		const tables = this.#number("SELECT count(*) AS n FROM sqlite_schema");
		const mark = this.#number("PRAGMA application_id");
		if (tables > 0 && mark !== applicationId) throw new UnusableFileError("it is not an event store of this program");
		const version = this.#number("PRAGMA user_version");
		if (version > newest) {
			throw new UnusableFileError(`it has format ${version}; this program knows formats up to ${newest}`);
		}
		const isSmall = this.#number("PRAGMA page_count") <= quickCheckPages;
		if (!isUnclean && !isSmall) return;
		const [verdict] = Object.values(this.#database.prepare("PRAGMA quick_check(1)").get() ?? {});
		if (verdict !== "ok") throw new UnusableFileError(`it is damaged: ${String(verdict)}`);
	}

	#migrate(steps: readonly string[]): void {
		for (let version = this.#number("PRAGMA user_version"); version < steps.length; version++) {
			this.#transaction(() => {
				this.#database.exec(steps[version] as string);
				this.#database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}`);
			});
		}
	}

	#insert(row: StoredRow): boolean {
		try {
			const inserted = (row.table === "sessions" ? this.#insertSession : this.#insertEvent).run(...row.columns);
			for (const tag of row.tags ?? []) this.#insertTag.run(tag, inserted.lastInsertRowid);
			return true;
		} catch (error) {
			if (troubleOf(error) !== "bad-row") throw error;
			return false;
		}
	}

	#deleteBefore(moment: number, rows: number): StoredCount {
		return this.#transaction(() => ({
			sessions: this.#delete("sessions", "ended_at", moment, rows),
			events: this.#delete("events", "at", moment, rows),
		}));
	}

	#delete(table: string, column: string, before: number, rows: number): number {
		const sql = `DELETE FROM ${table} WHERE row IN (SELECT row FROM ${table} WHERE ${column} < ? ORDER BY ${column} LIMIT ?)`;
		return Number(this.#database.prepare(sql).run(before, rows).changes);
	}

	/** The time of the youngest among the oldest `rows` of both tables together. */
	#oldestEdge(rows: number): number | undefined {
		const edge = this.#database
			.prepare(
				`SELECT max(at) AS at FROM (SELECT at FROM (
					SELECT * FROM (SELECT ended_at AS at FROM sessions ORDER BY ended_at LIMIT :rows)
					UNION ALL SELECT * FROM (SELECT at FROM events ORDER BY at LIMIT :rows)
				) ORDER BY at LIMIT :rows)`,
			)
			.get({ rows })?.at;
		return typeof edge === "number" ? edge : undefined;
	}

	/** All of the work or nothing of it. */
	#transaction<T>(work: () => T): T {
		this.#database.exec("BEGIN IMMEDIATE");
		try {
			const result = work();
			this.#database.exec("COMMIT");
			return result;
		} catch (error) {
			if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
			throw error;
		}
	}

	#number(sql: string): number {
		const [value] = Object.values(this.#database.prepare(sql).get() ?? {});
		return Number(value ?? 0);
	}
}

/**
 * True for a database and for an empty file. Asked before SQLite sees the file, because SQLite deletes the journal of a
 * file that is none; an empty file whose journal is there has lost its content and the journal is worth keeping.
 */
function hasHeader(file: string, hasJournal: boolean): boolean {
	const header = Buffer.alloc(magic.length);
	const descriptor = openSync(file, "r");
	const length = readSync(descriptor, header, 0, header.length, 0);
	closeSync(descriptor);
	return length === 0 ? !hasJournal : header.toString("latin1", 0, length) === magic;
}

class UnusableFileError extends Error {}

function reasonToMoveAside(error: unknown): string | undefined {
	if (!(error instanceof Error)) return undefined;
	if (error instanceof UnusableFileError) return error.message;
	if (primaryCode(error) === sqlite.error) return `its tables are not those of its format: ${error.message}`;
	return troubleOf(error) === "broken" ? `it is damaged or not a database: ${error.message}` : undefined;
}

/** Renames the file and its journal, which belongs to it, and returns the new name. */
function moveAside(file: string, now: number): string {
	const prefix = `${basename(file)}.broken-`;
	const kept = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix) && !/-(wal|shm)$/.test(name));
	if (kept.length >= mostBrokenFiles) {
		throw new Error(`${kept.length} damaged files ${file}.broken-* are kept already; remove them`);
	}
	const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
	let to = `${file}.broken-${stamp}`;
	for (let more = 2; existsSync(to); more++) to = `${file}.broken-${stamp}-${more}`;
	renameSync(file, to);
	for (const suffix of ["-wal", "-shm"]) if (existsSync(file + suffix)) renameSync(file + suffix, to + suffix);
	return to;
}

function countRows(rows: readonly StoredRow[]): StoredCount {
	const sessions = rows.filter((row) => row.table === "sessions").length;
	return { sessions, events: rows.length - sessions };
}

function insertInto(table: string, columns: readonly string[]): string {
	return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
}

/** The low octet of SQLite's extended result code. */
function primaryCode(error: unknown): number | undefined {
	if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
	return error.errcode & 0xff;
}

/** Result codes of SQLite (sqlite3.h). */
const sqlite = {
	error: 1,
	corrupt: 11,
	full: 13,
	tooBig: 18,
	constraint: 19,
	mismatch: 20,
	range: 25,
	notDatabase: 26,
};
/** The first octets of every SQLite file. */
const magic = "SQLite format 3\0";
const busyTimeoutMs = 2_000;
const nothing: StoredCount = { sessions: 0, events: 0 };
const dayMs = 86_400_000;
const mib = 1_048_576;
/** Files up to this size (64 MiB) are checked at every start, larger ones only after a start that was not clean. */
const quickCheckPages = 16_384;
const retentionStepRows = 200;
const shrinkPages = 512;
const mostBrokenFiles = 8;
