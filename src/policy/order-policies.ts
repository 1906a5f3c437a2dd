/** The security policies in the order in which they are tried, with what their names mean. */
import { Remembered } from "#base/remembered.ts";
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

/**
 * Policies between zones first, then the global ones: the first that matches decides (Junos semantics). A policy is the same
 * object as before as long as its statement, its place and what its names mean are.
 */
export function orderPolicies(config: PolicySources): readonly OrderedPolicy[] {
	const { policies, addressBook, zones } = config.security;
	return lists.of(policies, [addressBook, zones, config.applications, config.schedulers], () => ordered(config));
}

function ordered(config: PolicySources): readonly OrderedPolicy[] {
	const { policies } = config.security;
	const booksOf = booksByZone(config.security);
	const list: OrderedPolicy[] = [];
	for (const { fromZoneName: from, toZoneName: to, policy } of policies.fromZone.values()) {
		const [fromBooks, toBooks] = [booksOf(from), booksOf(to)];
		let sequence = 0;
		for (const [name, statement] of policy) {
			const sources = addressesInZone(fromBooks, statement.match.sourceAddress);
			const destinations = addressesInZone(toBooks, statement.match.destinationAddress);
			const found = { name, sequence: ++sequence, sources, destinations };
			list.push(remembered(config, statement, found, [from, to], () => betweenZones(name, from, to)));
		}
	}
	const books = allBooks(config.security);
	let sequence = 0;
	for (const [name, statement] of policies.global.policy) {
		const sources = listAddresses(books, statement.match.sourceAddress);
		const destinations = listAddresses(books, statement.match.destinationAddress);
		const found = { name, sequence: ++sequence, sources, destinations };
		list.push(remembered(config, statement, found, [], () => anywhere(name, statement.match)));
	}
	return list;
}

type Context = Pick<OrderedPolicy, "key" | "path" | "isGlobal" | "fromZones" | "toZones">;

function betweenZones(name: string, from: string, to: string): Context {
	return {
		key: `${name} (${from} to ${to})`,
		path: ["security", "policies", "from-zone", from, "to-zone", to, "policy", name],
		isGlobal: false,
		fromZones: new Set([from]),
		toZones: new Set([to]),
	};
}

function anywhere(
	name: string,
	match: { readonly fromZone: readonly string[]; readonly toZone: readonly string[] },
): Context {
	return {
		key: name,
		path: ["security", "policies", "global", "policy", name],
		isGlobal: true,
		fromZones: zonesOf(match.fromZone),
		toZones: zonesOf(match.toZone),
	};
}

type Found = Pick<OrderedPolicy, "name" | "sequence" | "sources" | "destinations">;

function remembered(
	{ applications, schedulers }: PolicySources,
	statement: PolicyStatement,
	found: Found,
	zones: readonly string[],
	context: () => Context,
): OrderedPolicy {
	const scheduler = schedulers.scheduler.get(statement.schedulerName ?? "");
	const { name, sequence, sources, destinations } = found;
	const parts = [name, sequence, sources, destinations, applications, scheduler, ...zones];
	return memory.of(statement, parts, () => ({
		...found,
		...context(),
		...conditions(statement, applications, scheduler),
		statement,
	}));
}

function conditions(statement: PolicyStatement, applications: Applications, scheduler: SchedulerConfig | undefined) {
	const { match, then, schedulerName } = statement;
	const action: PolicyAction = then.permit !== undefined ? "permit" : then.reject ? "reject" : "deny";
	const hasSchedule = schedulerName !== undefined && scheduler !== undefined;
	return {
		excludesSources: match.sourceAddressExcluded,
		excludesDestinations: match.destinationAddressExcluded,
		terms: termsOfApplications(applications, match.application),
		action,
		schedule: hasSchedule ? { name: schedulerName, statement: scheduler } : undefined,
		isCounted: then.count !== undefined,
	};
}

function zonesOf(names: readonly string[]): ReadonlySet<string> | undefined {
	return names.length === 0 || names.includes("any") ? undefined : new Set(names);
}

const lists = new Remembered<Policies, readonly OrderedPolicy[]>();
const memory = new Remembered<PolicyStatement, OrderedPolicy>();
