/**
 * The configurations on disk. Whatever moment the process is killed at, the one in force is the old one or the new one.
 *
 * Shape: `active.conf` is in force; `rollback.<serial>.conf` are those before it (a second name for the very file that
 *        was active, made before it is replaced); `rescue.conf`; `scheduled.conf` for a commit to come. The first line
 *        of each is a remark with its record (`commit-header.ts`), so no second file can disagree with it.
 * Bounds: at most `maxRollbacks` earlier ones, and the one that an unconfirmed commit goes back to.
 */

import { type CommitRecord, maxRollbacks, type ScheduledCommit } from "#config/commit.ts";
import { formatCommitHeader, parseCommitHeader, parseScheduleHeader } from "#config/commit-header.ts";
import { type BeforeChange, DurableFiles } from "#config/durable-files-shell.ts";

/** A stored configuration. */
export interface StoredConfiguration {
	readonly text: string;
	readonly record: CommitRecord;
}

export class ConfigurationStore {
	readonly #files: DurableFiles;

	constructor(directory: string, before?: BeforeChange) {
		this.#files = new DurableFiles(directory, before);
	}

	/** The configuration in force, or undefined in a new directory. One edited by hand counts as a new commit. */
	active(): StoredConfiguration | undefined {
		const text = this.#files.read(activeName);
		const record = this.#record();
		return text === undefined || record === undefined ? undefined : { text, record };
	}

	/** Makes `file` a copy of the configuration in force. */
	copyActive(file: string): void {
		this.#files.copy(activeName, file);
	}

	/** Puts a text in force. The one before becomes `rollback 1`. Throws when the old one stays in force. */
	commit(text: string, record: CommitRecord): void {
		const before = this.#record();
		this.#files.replace(activeName, formatCommitHeader(record) + withoutHeader(text), () => {
			if (before !== undefined) this.#files.link(activeName, rollbackName(before.serial));
		});
		this.#prune(record);
	}

	/** Replaces the record of the configuration in force: it was confirmed. */
	rewriteRecord(record: CommitRecord): void {
		const text = this.#files.read(activeName);
		if (text === undefined) throw new Error("no configuration is stored");
		this.#files.replace(activeName, formatCommitHeader(record) + withoutHeader(text));
	}

	/** The records, the one in force first. */
	history(): CommitRecord[] {
		const active = this.#record();
		if (active === undefined) return [];
		const records = [active];
		for (const serial of this.#earlier(active.serial).slice(0, maxRollbacks)) {
			const record = parseCommitHeader(this.#files.firstLine(rollbackName(serial)));
			records.push({ time: 0, user: "root", via: "other", ...record, serial });
		}
		return records;
	}

	/** `rollback n`: 0 is the one in force. */
	rollback(count: number): string | undefined {
		const active = this.active();
		if (active === undefined || count === 0) return active?.text;
		const serial = this.#earlier(active.record.serial)[count - 1];
		return serial === undefined || count > maxRollbacks ? undefined : this.#files.read(rollbackName(serial));
	}

	/** The configuration of a commit. */
	bySerial(serial: number): string | undefined {
		const active = this.active();
		return active?.record.serial === serial ? active.text : this.#files.read(rollbackName(serial));
	}

	rescue(): string | undefined {
		return this.#files.read(rescueName);
	}

	saveRescue(text: string, record: CommitRecord): void {
		this.#files.replace(rescueName, formatCommitHeader(record) + withoutHeader(text));
	}

	deleteRescue(): void {
		this.#files.remove(rescueName);
	}

	/** The commit that is to be done later. */
	scheduled(): { readonly text: string; readonly commit: ScheduledCommit } | undefined {
		const text = this.#files.read(scheduledName);
		const commit = parseScheduleHeader(text === undefined ? undefined : firstLineOf(text));
		return text === undefined || commit === undefined ? undefined : { text, commit };
	}

	schedule(text: string, commit: ScheduledCommit): void {
		this.#files.replace(scheduledName, formatCommitHeader(commit) + withoutHeader(text));
	}

	clearSchedule(): void {
		this.#files.remove(scheduledName);
	}

	/** The record of the configuration in force; for one edited by hand, that of the commit that it counts as. */
	#record(): CommitRecord | undefined {
		const firstLine = this.#files.firstLine(activeName);
		if (firstLine === undefined) return undefined;
		const record = parseCommitHeader(firstLine);
		const last = Math.max(-1, ...this.#serials());
		if (record !== undefined && record.serial >= last) return record;
		return { serial: last + 1, time: record?.time ?? 0, user: record?.user ?? "root", via: "other" };
	}

	/** Serials of the earlier configurations, the latest first. */
	#earlier(active: number): number[] {
		return this.#serials()
			.filter((serial) => serial < active)
			.sort((a, b) => b - a);
	}

	#serials(): number[] {
		const serials: number[] = [];
		for (const name of this.#files.names()) {
			const match = /^rollback\.([0-9]{1,15})\.conf$/.exec(name);
			if (match !== null) serials.push(Number(match[1]));
		}
		return serials;
	}

	/** What falls off the end is removed; that it stays once in a while does no harm. */
	#prune(record: CommitRecord): void {
		try {
			for (const serial of this.#earlier(record.serial).slice(maxRollbacks))
				if (serial !== record.confirm?.fallback) this.#files.remove(rollbackName(serial));
		} catch {
			// The next commit tries again.
		}
	}
}

function rollbackName(serial: number): string {
	return `rollback.${serial}.conf`;
}

function firstLineOf(text: string): string {
	return text.slice(0, 8_192).split("\n", 1)[0] ?? "";
}

/** The text without the remark of an earlier commit. */
function withoutHeader(text: string): string {
	return text.startsWith("## commit ") ? text.slice(text.indexOf("\n") + 1) : text;
}

const activeName = "active.conf";
const rescueName = "rescue.conf";
const scheduledName = "scheduled.conf";
