/** The security policies in the order in which they are tried, with what their names mean. */

import { type ApplicationTerm, termsOfApplications } from "#policy/application-ports.ts";
import type { Applications } from "#policy/application-schema.ts";
import type { Policies, ZonePolicy } from "#policy/policies-schema.ts";
import { type AddressEntry, listAddresses } from "#policy/resolve-addresses.ts";
import type { Schedule } from "#policy/schedule.ts";
import type { SchedulerConfig } from "#policy/scheduler-schema.ts";
import { addressesInZone, allBooks, type BookSources, booksByZone } from "#policy/zone-books.ts";

/** What policies are made of. */
export interface PolicySources {
	readonly security: BookSources & { readonly policies: Policies };
	readonly applications: Applications;
	readonly schedulers: { readonly scheduler: ReadonlyMap<string, SchedulerConfig> };
}

export type PolicyAction = "permit" | "deny" | "reject";

/** One policy, its names replaced by what they mean. */
export interface OrderedPolicy {
	readonly name: string;
	/** Unlike the name, of one policy only: `web` of the global ones, `web (trust to untrust)` between zones. */
	readonly key: string;
	/** Where it stands in the configuration. */
	readonly path: readonly string[];
	/** Its place among the policies of its context, from 1. */
	readonly sequence: number;
	readonly isGlobal: boolean;
	/** Undefined for any zone. */
	readonly fromZones: ReadonlySet<string> | undefined;
	readonly toZones: ReadonlySet<string> | undefined;
	readonly sources: readonly AddressEntry[];
	readonly destinations: readonly AddressEntry[];
	readonly excludesSources: boolean;
	readonly excludesDestinations: boolean;
	/** Undefined for any application. */
	readonly terms: readonly ApplicationTerm[] | undefined;
	readonly action: PolicyAction;
	readonly schedule: Schedule | undefined;
	readonly isCounted: boolean;
	/** The statement, for what it names besides. */
	readonly statement: PolicyStatement;
}

/** What policies between zones and global ones have in common. */
export type PolicyStatement = Pick<ZonePolicy, "description" | "schedulerName"> & {
	readonly match: Pick<
		ZonePolicy["match"],
		| "sourceAddress"
		| "destinationAddress"
		| "sourceAddressExcluded"
		| "destinationAddressExcluded"
		| "application"
		| "sourceIdentity"
		| "dynamicApplication"
		| "urlCategory"
	>;
	readonly then: Pick<ZonePolicy["then"], "deny" | "reject" | "count" | "log"> & {
		readonly permit?: Pick<NonNullable<ZonePolicy["then"]["permit"]>, "applicationServices"> | undefined;
	};
};

/** Policies between zones first, then the global ones: the first that matches decides (Junos semantics). */
export function orderPolicies(config: PolicySources): readonly OrderedPolicy[] {
	const { policies } = config.security;
	const booksOf = booksByZone(config.security);
	const ordered: OrderedPolicy[] = [];
	for (const { fromZoneName: from, toZoneName: to, policy } of policies.fromZone.values()) {
		let sequence = 0;
		for (const [name, statement] of policy) {
			ordered.push({
				...common(config, name, statement),
				key: `${name} (${from} to ${to})`,
				path: ["security", "policies", "from-zone", from, "to-zone", to, "policy", name],
				sequence: ++sequence,
				isGlobal: false,
				fromZones: new Set([from]),
				toZones: new Set([to]),
				sources: addressesInZone(booksOf(from), statement.match.sourceAddress),
				destinations: addressesInZone(booksOf(to), statement.match.destinationAddress),
			});
		}
	}
	const books = allBooks(config.security);
	let sequence = 0;
	for (const [name, statement] of policies.global.policy) {
		ordered.push({
			...common(config, name, statement),
			key: name,
			path: ["security", "policies", "global", "policy", name],
			sequence: ++sequence,
			isGlobal: true,
			fromZones: zonesOf(statement.match.fromZone),
			toZones: zonesOf(statement.match.toZone),
			sources: listAddresses(books, statement.match.sourceAddress),
			destinations: listAddresses(books, statement.match.destinationAddress),
		});
	}
	return ordered;
}

function common({ applications, schedulers }: PolicySources, name: string, statement: PolicyStatement) {
	const { match, then, schedulerName } = statement;
	const scheduler = schedulers.scheduler.get(schedulerName ?? "");
	const action: PolicyAction = then.permit !== undefined ? "permit" : then.reject ? "reject" : "deny";
	return {
		name,
		excludesSources: match.sourceAddressExcluded,
		excludesDestinations: match.destinationAddressExcluded,
		terms: termsOfApplications(applications, match.application),
		action,
		schedule:
			schedulerName === undefined || scheduler === undefined
				? undefined
				: { name: schedulerName, statement: scheduler },
		isCounted: then.count !== undefined,
		statement,
	};
}

function zonesOf(names: readonly string[]): ReadonlySet<string> | undefined {
	return names.length === 0 || names.includes("any") ? undefined : new Set(names);
}
