/** Commits as data: what is asked for, what is kept of each, and how they are listed. */
import type { EditorId } from "#config/editor.ts";
import type { Branch } from "#config/tree.ts";

/** What an operator asks for. */
export interface CommitRequest {
	/** Who is answered; undefined for a commit of the system's own. */
	readonly editor: EditorId | undefined;
	readonly user: string;
	/** `cli`, `rest`, `other`. */
	readonly via: string;
	readonly tree: Branch;
	/** `commit check`. */
	readonly isCheck?: boolean;
	readonly comment?: string;
	/** `commit confirmed`: rolled back by itself after so many minutes. */
	readonly confirmMinutes?: number;
	/** `commit at`: milliseconds since 1970. */
	readonly at?: number;
	/** `commit full`: every capability plans from nothing. */
	readonly isFull?: boolean;
	/** Steps are told one by one. */
	readonly isDetailed?: boolean;
}

/** What is kept of a commit beside its text. */
export interface CommitRecord {
	/** Counts up with every commit; 0 is the factory configuration. */
	readonly serial: number;
	/** Milliseconds since 1970. */
	readonly time: number;
	readonly user: string;
	readonly via: string;
	readonly comment?: string;
	/** The commit is rolled back at `by` (milliseconds since 1970) to the commit `fallback` unless it is confirmed. */
	readonly confirm?: { readonly by: number; readonly fallback: number };
}

/** A commit that is to be done later. */
export interface ScheduledCommit {
	readonly at: number;
	readonly user: string;
	readonly via: string;
	readonly comment?: string;
}

/** How many earlier configurations are kept beside the one in force: `rollback 1` to `rollback 49`. */
export const maxRollbacks = 49;

/** Minutes of `commit confirmed` without a number. */
export const defaultConfirmMinutes = 10;

/** The lines of `show system commit`, the newest first. */
export function historyLines(
	records: readonly CommitRecord[],
	scheduled: ScheduledCommit | undefined,
	hasRescue: boolean,
): string[] {
	const lines: string[] = [];
	if (scheduled !== undefined)
		lines.push(`commit requested by ${scheduled.user} via ${scheduled.via} at ${utc(scheduled.at)}`);
	for (const [index, { time, user, via, comment, confirm }] of records.entries()) {
		const isPending = confirm !== undefined && index === 0;
		lines.push(
			`${String(index).padEnd(4)}${utc(time)} by ${user} via ${via}${isPending ? ` commit confirmed, rollback at ${utc(confirm.by)}` : ""}`,
		);
		if (comment !== undefined) lines.push(`    ${comment}`);
	}
	if (hasRescue) lines.push("rescue");
	return lines;
}

/** `2026-11-20 10:03:12 UTC`. */
export function utc(time: number): string {
	return `${new Date(time).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

/** `10 minutes`, `1 minute`. */
export function minutesText(minutes: number): string {
	return `${minutes} minute${minutes === 1 ? "" : "s"}`;
}
