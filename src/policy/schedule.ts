/** Whether a scheduler holds at a moment. */
import type { SchedulerConfig } from "#policy/scheduler-schema.ts";

/** What a policy keeps of its scheduler. */
export interface Schedule {
	readonly name: string;
	readonly statement: SchedulerConfig;
}

/**
 * True when the scheduler holds: within a `start-date` period, where there is one, and within the hours of the day. The
 * statement of a weekday goes before `daily`; a day that neither names is out when any day is named.
 *
 * Units: `now` in milliseconds since 1970; the scheduler's times are those of the host's time zone, first and last second
 *        included.
 */
export function isScheduleActive({ statement }: Schedule, now: number): boolean {
	const at = new Date(now);
	const stamp = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}.${clock(at)}`;
	const periods = [...statement.startDate];
	if (periods.length > 0 && !periods.some(([start, { stopDate }]) => start <= stamp && stamp <= stopDate)) return false;
	const day = statement[weekdays[at.getDay()] ?? "sunday"] ?? statement.daily;
	if (day === undefined) return weekdays.every((name) => statement[name] === undefined);
	if (day.exclude) return false;
	if (day.startTime.size === 0) return true;
	const time = clock(at);
	return [...day.startTime].some(([start, { stopTime }]) => whole(start) <= time && time <= whole(stopTime));
}

/** `hh:mm:ss`. */
function clock(at: Date): string {
	return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

function whole(time: string): string {
	return time.length === 5 ? `${time}:00` : time;
}

function pad(number: number): string {
	return String(number).padStart(2, "0");
}

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
