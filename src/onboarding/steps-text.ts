/** The steps as a terminal shows them: for `sallyport trust-commands` and the page's `steps.txt`. */
import {
	type ClientSteps,
	clientSteps,
	compareCommands,
	familyTitles,
	fillIn,
	type StepFamily,
	type StepValues,
	saveCommand,
} from "#onboarding/client-steps.ts";
import { fingerprintText, type OfferedCa } from "#onboarding/offered-ca.ts";

/** What pages and texts are made of. */
export interface StepsFacts {
	readonly values: StepValues;
	readonly contact: string | undefined;
	readonly cas: readonly OfferedCa[];
}

/** Plain text, lines ended by LF; `rows` are those to show, all of them when absent. */
export function stepsText(facts: StepsFacts, rows: readonly ClientSteps[] = clientSteps): string {
	const { values, contact, cas } = facts;
	if (cas.length === 0) return `${nothingToInstall}\n`;
	const lines = [
		`Page           ${values.page}   (through the proxy http://${values.proxy})`,
		`Test           ${values.check}   (opens without a warning once the client trusts the CA)`,
		...cas.flatMap((ca) => [
			`Certificate    ${ca.name}, until ${new Date(ca.notAfter).toISOString().slice(0, 10)}`,
			`SHA-256        ${fingerprintText(ca.sha256)}`,
		]),
		...(contact === undefined ? [] : [`Questions      ${contact}`]),
		"",
		"Compare the fingerprint with one that reached you another way than over this network:",
		...compareCommands.map(({ where, run }) => `  ${where.padEnd(14)}${run}`),
	];
	let family: StepFamily | undefined;
	for (const row of rows) {
		if (row.family !== family) lines.push("", `== ${familyTitles[row.family]} ==`);
		family = row.family;
		lines.push("", `${row.title}  [${row.name}]`, ...rowLines(row, values));
	}
	return `${lines.join("\n")}\n`;
}

function rowLines(row: ClientSteps, values: StepValues): string[] {
	const lines = row.note === undefined ? [] : [`  ${fillIn(row.note, values)}`];
	if (row.needs !== undefined)
		lines.push(`  Save ${row.needs} from the page, or:`, ...indented(saveCommand(row.needs)));
	for (const { says, run, file } of row.steps) {
		lines.push(`  ${says}`);
		if (run !== undefined) lines.push(...indented(run));
		if (file !== undefined) lines.push(`    ${file.path}:`, ...indented(file.text.trimEnd(), "      | "));
	}
	if (row.check === undefined) lines.push("  Test: open {check} in it.");
	else lines.push("  Test: this prints trusted.", ...indented(row.check));
	return lines.map((line) => fillIn(line, values));
}

function indented(text: string, margin = "    "): string[] {
	return text.split("\n").map((line) => margin + line);
}

export const nothingToInstall =
	"This gateway opens no connections with a CA that clients could trust at the moment; there is nothing to install.";
