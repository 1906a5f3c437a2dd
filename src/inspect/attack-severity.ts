/** How severe an attack is, in the words of `severity`: what the signature says in its metadata, else by its priority. */
import type { Signature } from "#signature/signature.ts";

export const attackSeverities = {
	critical: "Critical",
	major: "Major",
	minor: "Minor",
	warning: "Warning",
	info: "Information",
} as const;

export type AttackSeverity = keyof typeof attackSeverities;

/** `signature_severity` of the metadata, as large rule sets have it; without it priorities 1 to 3 are major, minor, warning. */
export function severityOfSignature({ metadata, priority }: Pick<Signature, "metadata" | "priority">): AttackSeverity {
	for (const word of metadata) {
		const said = /^signature_severity ([a-z]{1,20})$/i.exec(word)?.[1]?.toLowerCase();
		if (said !== undefined && saidSeverities.has(said)) return saidSeverities.get(said) as AttackSeverity;
	}
	return byPriority[priority - 1] ?? "info";
}

const saidSeverities: ReadonlyMap<string, AttackSeverity> = new Map([
	["critical", "critical"],
	["major", "major"],
	["minor", "minor"],
	["warning", "warning"],
	["informational", "info"],
	["info", "info"],
]);
const byPriority: readonly AttackSeverity[] = ["major", "minor", "warning"];
