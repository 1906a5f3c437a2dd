/** `schedulers`: the times at which a policy holds. */
import { error, type Finding } from "#config/finding.ts";
import { name, text } from "#config/leaf-types.ts";
import { dateTime, timeOfDay } from "#config/network-types.ts";
import { container, flag, leaf, list, type Snapshot } from "#config/schema.ts";

const day = (what: string) =>
	container({
		help: what,
		presence: true,
		alternatives: [{ of: ["all-day", "exclude", "start-time"] }],
		children: {
			"start-time": list({
				help: "When the policy begins to hold",
				layout: "line",
				order: "user",
				maxEntries: 2,
				keys: { name: timeOfDay() },
				children: { "stop-time": leaf(timeOfDay(), { help: "When it ends", mandatory: true }) },
			}),
			"all-day": flag({ help: "From midnight to midnight" }),
			exclude: flag({ help: "Not on this day" }),
		},
	});

export const schedulers = container({
	help: "Times at which policies hold, in the time zone of this host",
	children: {
		scheduler: list({
			help: "A schedule",
			keys: { name: name() },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				"start-date": list({
					help: "First moment of a period",
					layout: "line",
					order: "user",
					maxEntries: 2,
					keys: { name: dateTime() },
					children: { "stop-date": leaf(dateTime(), { help: "Its last moment", mandatory: true }) },
				}),
				daily: day("Every day that is not named"),
				sunday: day("Sundays"),
				monday: day("Mondays"),
				tuesday: day("Tuesdays"),
				wednesday: day("Wednesdays"),
				thursday: day("Thursdays"),
				friday: day("Fridays"),
				saturday: day("Saturdays"),
			},
		}),
	},
});

const days = ["daily", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** A checked scheduler. */
export type SchedulerConfig = NonNullable<ReturnType<Snapshot<typeof schedulers>["scheduler"]["get"]>>;

/** A period ends after it begins. */
export function verifySchedulers(config: Snapshot<typeof schedulers>): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [schedulerName, schedule] of config.scheduler) {
		const path = ["schedulers", "scheduler", schedulerName];
		for (const [start, { stopDate }] of schedule.startDate) {
			if (start >= stopDate) findings.push(error(path, "start-date", `${stopDate} is not after ${start}`));
		}
		for (const dayName of days) {
			for (const [start, { stopTime }] of schedule[dayName]?.startTime ?? []) {
				if (seconds(start) < seconds(stopTime)) continue;
				findings.push(error([...path, dayName], "start-time", `${stopTime} is not after ${start}`));
			}
		}
	}
	return findings;
}

function seconds(time: string): number {
	const [hour = 0, minute = 0, second = 0] = time.split(":").map(Number);
	return hour * 3_600 + minute * 60 + second;
}
