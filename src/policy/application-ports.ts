/** The TCP ports of applications: what a proxied connection can be told by. */
import type { Applications } from "#policy/application-schema.ts";
import { ipProtocols, type PortRange } from "#policy/application-types.ts";
import type { PortRanges } from "#policy/evaluate.ts";
import { predefinedApplications } from "#policy/predefined-applications.ts";

/**
 * The ports that a rule with these applications asks for. Empty for `any`; undefined when none of them travels over
 * TCP, so that the rule meets no proxied connection.
 */
export function portsOfApplications(config: Applications, names: readonly string[]): PortRanges | undefined {
	if (names.includes("any")) return [];
	const ranges = membersOf(config, names).flatMap((application) =>
		tcpRanges(config, application).map((range) => ({ ...range, application })),
	);
	return ranges.length === 0 ? undefined : ranges;
}

/** The applications that the names mean: themselves, and the members of sets, each once. */
function membersOf(config: Applications, names: readonly string[]): string[] {
	const reached = new Set(names);
	for (const name of reached) {
		const set = config.applicationSet.get(name);
		if (set === undefined) continue;
		for (const member of set.application.keys()) reached.add(member);
		for (const member of set.applicationSet.keys()) reached.add(member);
	}
	return [...reached];
}

function tcpRanges(config: Applications, name: string): PortRange[] {
	const own = config.application.get(name);
	if (own === undefined) {
		const terms = predefinedApplications.get(name) ?? [];
		return terms.filter(({ protocol }) => protocol === "tcp").map(({ ports }) => ports ?? everyPort);
	}
	const terms = own.term.size > 0 ? [...own.term.values()] : [own];
	return terms
		.filter(({ protocol }) => protocol === undefined || protocol === ipProtocols.get("tcp"))
		.map(({ destinationPort }) => destinationPort ?? everyPort);
}

const everyPort: PortRange = { from: 0, to: 65_535 };
