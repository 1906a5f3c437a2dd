/**
 * Reads the event store's file while the gateway writes it or not, in another process or the same. Every question is
 * one short read transaction, so that a slow reader never keeps the writer from tidying its journal.
 */

import { accessSync, constants, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { applicationId, schemaVersion } from "#telemetry/event-store-schema.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { matchesSession, type SessionFilter } from "#telemetry/session-filter.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { type Column, sessionCondition } from "#telemetry/session-row.ts";

/** A record and its place in the store; places only grow. */
export interface FoundSession {
	readonly row: number;
	readonly record: SessionRecord;
}

/** Why the store cannot be read; the message is for the user. */
export class StoreUnreadableError extends Error {
	readonly isMissing: boolean;
	constructor(message: string, isMissing = false) {
		super(message);
		this.name = "StoreUnreadableError";
		this.isMissing = isMissing;
	}
}

/** The newest `limit` records that match, newest last. Throws `StoreUnreadableError`. */
export function querySessions(file: string, filter: SessionFilter, limit: number): SessionRecord[] {
	const reader = new SessionReader(file);
	try {
		return reader.newest(filter, limit).map(({ record }) => record);
	} finally {
		reader.close();
	}
}

/** One open file; for repeated questions. The constructor and every question throw `StoreUnreadableError`. */
export class SessionReader {
	readonly file: string;
	readonly #database: DatabaseSync;
	readonly #inode: number;

	constructor(file: string) {
		this.file = file;
		this.#inode = inodeOf(file);
		this.#database = guard(file, () => new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs }));
		try {
			guard(file, () => this.#checkFormat());
		} catch (error) {
			this.#database.close();
			throw error;
		}
	}

	/** The newest `limit` records that match, newest last. */
	newest(filter: SessionFilter, limit: number): FoundSession[] {
		const found: FoundSession[] = [];
		let before = Number.MAX_SAFE_INTEGER;
		while (found.length < limit) {
			const page = this.#page("row < ?", before, filter, "DESC");
			for (const session of page.sessions) if (found.length < limit) found.push(session);
			if (page.isLast) break;
			before = page.edge;
		}
		return found.reverse();
	}

	/** Up to about `pageRows` matching records after a place, oldest first, and the place to go on from. */
	after(row: number, filter: SessionFilter): { sessions: FoundSession[]; next: number; isLast: boolean } {
		const page = this.#page("row > ?", row, filter, "ASC");
		return { sessions: page.sessions, next: page.edge, isLast: page.isLast };
	}

	/** The place of the newest record, 0 when there is none. */
	lastRow(): number {
		const [found] = this.#all("SELECT max(row) AS row FROM sessions", []);
		return Number(found?.row ?? 0);
	}

	/** Records whose id begins with `prefix`, at most `limit`, newest last. */
	byId(prefix: string, limit: number): SessionRecord[] {
		const sql = "SELECT record FROM sessions WHERE id >= ? AND id < ? ORDER BY row DESC LIMIT ?";
		const rows = this.#all(sql, [prefix, `${prefix}\u{10ffff}`, limit]);
		return rows.map((row) => parseJson<SessionRecord>(row.record)).reverse();
	}

	/** The ids of the newest records, newest first. */
	recentIds(limit: number): string[] {
		return this.#all("SELECT id FROM sessions ORDER BY row DESC LIMIT ?", [limit]).map((row) => String(row.id));
	}

	/** The newest event of a kind with this key (`eventTable`), for example the issuance of a leaf by its fingerprint. */
	eventByKey(id: string, key: string): GatewayEvent | undefined {
		const sql = "SELECT event FROM events WHERE key = ? AND id = ? ORDER BY row DESC LIMIT 1";
		const [found] = this.#all(sql, [key, id]);
		return found === undefined ? undefined : parseJson<GatewayEvent>(found.event);
	}

	/** The newest events of a kind that bear all of these tags (`eventTags`), newest last. */
	eventsOf(id: string, tags: readonly string[], limit: number): GatewayEvent[] {
		const tagged = tags.map(() => "AND row IN (SELECT event FROM event_tags WHERE tag = ?)").join(" ");
		const sql = `SELECT event FROM events WHERE id = ? ${tagged} ORDER BY row DESC LIMIT ?`;
		const rows = this.#all(sql, [id, ...tags.map((tag) => tag.toLowerCase()), limit]);
		return rows.map((row) => parseJson<GatewayEvent>(row.event)).reverse();
	}

	/** The newest events, newest last. */
	newestEvents(limit: number): GatewayEvent[] {
		const rows = this.#all("SELECT event FROM events ORDER BY row DESC LIMIT ?", [limit]);
		return rows.map((row) => parseJson<GatewayEvent>(row.event)).reverse();
	}

	/** False when another file, or none, stands at the path by now. */
	isInPlace(): boolean {
		return statSync(this.file, { throwIfNoEntry: false })?.ino === this.#inode;
	}

	close(): void {
		if (this.#database.isOpen) this.#database.close();
	}

	#page(place: string, row: number, filter: SessionFilter, order: "ASC" | "DESC") {
		const condition = sessionCondition(filter);
		// The rows are chosen first, mostly from indices alone; the records are large.
		const chosen = `SELECT row FROM sessions WHERE ${place} AND ${condition.sql} ORDER BY row ${order} LIMIT ?`;
		const sql = `SELECT row, record FROM sessions WHERE row IN (${chosen}) ORDER BY row ${order}`;
		const rows = this.#all(sql, [row, ...condition.parameters, pageRows]);
		const sessions: FoundSession[] = [];
		for (const found of rows) {
			const record = parseJson<SessionRecord>(found.record);
			if (matchesSession(filter, record)) sessions.push({ row: Number(found.row), record });
		}
		return { sessions, edge: Number(rows.at(-1)?.row ?? row), isLast: rows.length < pageRows };
	}

	#all(sql: string, parameters: Column[]) {
		return guard(this.file, () => this.#database.prepare(sql).all(...parameters));
	}

	#checkFormat(): void {
		const mark = this.#number("PRAGMA application_id");
		if (mark !== applicationId) {
			throw new StoreUnreadableError(`${this.file} is not an event store of this program; check the state directory`);
		}
		const version = this.#number("PRAGMA user_version");
		if (version === schemaVersion) return;
		throw new StoreUnreadableError(
			`${this.file} has format ${version}, expected ${schemaVersion}; read it with the version that wrote it`,
		);
	}

	#number(sql: string): number {
		const [value] = Object.values(this.#database.prepare(sql).get() ?? {});
		return Number(value ?? 0);
	}
}

function inodeOf(file: string): number {
	const found = statSync(file, { throwIfNoEntry: false });
	if (found === undefined) throw new StoreUnreadableError(`event store ${file} does not exist`, true);
	return guard(file, () => {
		accessSync(file, constants.R_OK);
		return found.ino;
	});
}

function guard<T>(file: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (error instanceof StoreUnreadableError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw new StoreUnreadableError(`event store ${file} cannot be read: ${reason}; ${remedy}`);
	}
}

function parseJson<T>(text: unknown): T {
	return JSON.parse(String(text)) as T;
}

const remedy = "read it as the gateway's user, in a directory that can be written";
const busyTimeoutMs = 2_000;
const pageRows = 500;
