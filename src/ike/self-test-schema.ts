/** `system fips self-test`: when cryptography is tested with known answers. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, integer } from "#config/leaf-types.ts";
import { timeOfDay } from "#config/network-types.ts";
import { container, leaf, type Snapshot } from "#config/schema.ts";

export const fips = container({
	help: "FIPS 140",
	engine: "not-yet",
	children: {
		"self-test": container({
			help: "Tests of cryptography with known answers, besides those at every start",
			children: {
				"after-key-generation": leaf(enumeration({ enable: "On", disable: "Off" }), {
					help: "Test whenever a key was generated",
				}),
				periodic: container({
					help: "Tests at set times",
					presence: true,
					children: {
						"start-time": leaf(timeOfDay(), { help: "Time of day", mandatory: true }),
						"day-of-week": leaf(integer({ min: 1, max: 7, placeholder: "day" }), {
							help: "Day of the week; 1 is Monday",
						}),
						month: leaf(integer({ min: 1, max: 12, placeholder: "month" }), { help: "Month of the year" }),
						"day-of-month": leaf(integer({ min: 1, max: 31, placeholder: "day" }), { help: "Day of the month" }),
					},
				}),
			},
		}),
	},
});

/** A schedule is weekly or monthly. */
export function verifySelfTest(config: Snapshot<typeof fips>): readonly Finding[] {
	const { periodic } = config.selfTest;
	if (periodic === undefined) return [];
	const path = ["system", "fips", "self-test", "periodic"];
	const { dayOfWeek, dayOfMonth, month } = periodic;
	const findings: Finding[] = [];
	if (dayOfWeek !== undefined && dayOfMonth !== undefined)
		findings.push(error(path, "day-of-week", "cannot stand beside 'day-of-month': a schedule is weekly or monthly"));
	if (month !== undefined && dayOfMonth === undefined)
		findings.push(error(path, "month", "needs 'day-of-month' beside it"));
	return findings;
}
