/** What applications mean in protocols and ports. */
import type { Applications } from "#policy/application-schema.ts";
import { ipProtocols, type PortRange } from "#policy/application-types.ts";
import type { PortRanges } from "#policy/evaluate.ts";
import { predefinedApplications } from "#policy/predefined-applications.ts";

/** One way in which an application travels: IP protocol, ports of the server, type and code of an ICMP message. */
export interface ApplicationTerm {
	readonly application: string;
	readonly protocol: number;
	readonly ports?: PortRange | undefined;
	readonly icmpType?: number | undefined;
	readonly icmpCode?: number | undefined;
}

/** What the names mean; undefined for `any`. */
export function termsOfApplications(
	config: Applications,
	names: readonly string[],
): readonly ApplicationTerm[] | undefined {
	if (names.includes("any")) return undefined;
	return membersOfApplications(config, names).flatMap((name) => termsOf(config, name));
}

/** The protocols of connections that pass the gateway. */
export type ProxiedProtocol = "tcp" | "udp";

/**
 * The ports that a rule with these terms asks for: what a proxied connection can be told by. Empty for `any`; undefined
 * when none of them travels over the protocol, so that the rule meets no such connection.
 */
export function portsOfTerms(
	terms: readonly ApplicationTerm[] | undefined,
	over: ProxiedProtocol = "tcp",
): PortRanges | undefined {
	if (terms === undefined) return [];
	const number = ipProtocols.get(over);
	const ranges = terms
		.filter(({ protocol }) => protocol === number)
		.map(({ application, ports = everyPort }) => ({ ...ports, application }));
	return ranges.length === 0 ? undefined : ranges;
}

/** The applications that the names mean: themselves, and the members of sets, each once. */
export function membersOfApplications(config: Applications, names: readonly string[]): string[] {
	const reached = new Set(names);
	for (const name of reached) {
		const set = config.applicationSet.get(name);
		if (set === undefined) continue;
		for (const member of set.application.keys()) reached.add(member);
		for (const member of set.applicationSet.keys()) reached.add(member);
	}
	return [...reached];
}

function termsOf(config: Applications, application: string): ApplicationTerm[] {
	const own = config.application.get(application);
	if (own === undefined) {
		const terms = predefinedApplications.get(application) ?? [];
		return terms.map(({ protocol, ...rest }) => ({ application, protocol: ipProtocols.get(protocol) ?? tcp, ...rest }));
	}
	const terms = own.term.size > 0 ? [...own.term.values()] : [own];
	return terms.map((term) => ({
		application,
		protocol: term.protocol ?? tcp,
		ports: term.destinationPort,
		icmpType: term.icmpType ?? term.icmp6Type,
		icmpCode: term.icmpCode ?? term.icmp6Code,
	}));
}

const tcp = 6;
const everyPort: PortRange = { from: 0, to: 65_535 };
