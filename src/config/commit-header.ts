/** The first line of a stored configuration: a remark that says which commit it is, and that the text reader skips. */
import type { CommitRecord, ScheduledCommit } from "#config/commit.ts";

/** `## commit {"serial":12,...}` */
export function formatCommitHeader(value: CommitRecord | ScheduledCommit): string {
	return `${prefix}${JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

/** The record of a commit, or undefined when the line is none. */
export function parseCommitHeader(line: string | undefined): CommitRecord | undefined {
	const value = parsed(line);
	const { serial, time, user, via, comment, confirm } = value ?? {};
	if (!isCount(serial) || !isTime(time) || typeof user !== "string" || typeof via !== "string") return undefined;
	const waiting =
		isObject(confirm) && isTime(confirm.by) && isCount(confirm.fallback)
			? { by: confirm.by, fallback: confirm.fallback }
			: undefined;
	return {
		serial,
		time,
		user,
		via,
		...(typeof comment === "string" ? { comment } : {}),
		...(waiting === undefined ? {} : { confirm: waiting }),
	};
}

/** The record of a commit for later, or undefined when the line is none. */
export function parseScheduleHeader(line: string | undefined): ScheduledCommit | undefined {
	const { at, user, via, comment } = parsed(line) ?? {};
	if (!isTime(at) || typeof user !== "string" || typeof via !== "string") return undefined;
	return { at, user, via, ...(typeof comment === "string" ? { comment } : {}) };
}

function parsed(line: string | undefined): Readonly<Record<string, unknown>> | undefined {
	if (line === undefined || !line.startsWith(prefix)) return undefined;
	try {
		const value: unknown = JSON.parse(line.slice(prefix.length));
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** What a Date can hold. */
function isTime(value: unknown): value is number {
	return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

const prefix = "## commit ";
