/** The security policies for forwarded traffic, as one table of nftables in the JSON of libnftables-json(5). */
import type { Address } from "#base/address.ts";
import { refusedQuic } from "#firewall/divert-ruleset.ts";
import { forwardStages, type StageSources } from "#firewall/forward-stages.ts";
import { deviceOf } from "#firewall/interface-device.ts";
import type { Interfaces } from "#firewall/interfaces-schema.ts";
import { addressesOfFamily, type Family, type NftJson, setElements, wildcardMatch } from "#firewall/nft-addresses.ts";
import { applicationMatches } from "#firewall/nft-applications.ts";
import { type OrderedPolicy, orderPolicies, type PolicySources } from "#policy/order-policies.ts";
import type { AddressEntry } from "#policy/resolve-addresses.ts";
import { isScheduleActive } from "#policy/schedule.ts";

export interface NftRuleset {
	readonly nftables: readonly NftJson[];
}

/** Something of a policy that the table cannot hold. */
export interface NftGap {
	readonly policy: string;
	readonly reason: string;
}

/** The table, and what is missing in it: while there are gaps it must not be put in force. */
export interface CompiledRuleset {
	readonly ruleset: NftRuleset;
	readonly gaps: readonly NftGap[];
	/** The named counter of each policy that forwarded traffic can meet, by the policy's key. */
	readonly counters: ReadonlyMap<string, string>;
}

/** What of a configuration is read. */
export type NftSources = PolicySources & StageSources & { readonly interfaces: Interfaces };

/** What changes the table besides the configuration. */
export interface NftFacts {
	/** Milliseconds since 1970: policies whose scheduler does not hold are left out. */
	readonly now: number;
	/** The addresses of host names. */
	readonly resolved: ReadonlyMap<string, readonly Address[]>;
}

/**
 * The table that replaces the one before in one transaction, with `more` in it. Policies stand in the order in which they are
 * tried, behind what traffic management and quarantine refuse; connections that were let in go on. Policies of `junos-host` are about this host itself and not in it. What
 * passes between two interfaces of no zone is left alone. QUIC is refused where a policy would have TLS opened.
 *
 * Bounds: at most two rules (IPv4, IPv6) for each pair of sources and destinations and each protocol of a policy.
 */
export function compileNftRuleset(config: NftSources, facts: NftFacts, more: readonly NftJson[] = []): CompiledRuleset {
	const gaps: NftGap[] = [];
	const counters = new Map<string, string>();
	const sets = new NamedSets();
	const rules: NftJson[] = [];
	const objects: NftJson[] = [];
	const devicesOf = zoneDevices(config);
	for (const [index, policy] of orderPolicies(config).entries()) {
		if (policy.schedule !== undefined && !isScheduleActive(policy.schedule, facts.now)) continue;
		const interfaces = interfaceMatches(policy, devicesOf, gaps);
		if (interfaces === undefined) continue;
		gaps.push(...hostGaps(policy, facts.resolved));
		const counter = `policy-${index + 1}`;
		counters.set(policy.key, counter);
		objects.push({ add: { counter: { ...table, name: counter } } });
		const add = (expr: readonly NftJson[]) =>
			rules.push({ add: { rule: { ...table, chain: "forward", expr, comment: commentOf(policy) } } });
		if (wouldOpenQuic(policy)) {
			for (const addressed of addressRules({ ...policy, terms: undefined }, facts.resolved, sets)) {
				const refusal = { kind: "policy", key: policy.key } as const;
				for (const expr of refusedQuic([...interfaces, ...addressed], refusal)) add(expr);
			}
		}
		for (const addressed of addressRules(policy, facts.resolved, sets)) {
			add([...interfaces, ...addressed, { counter }, verdicts[policy.action]]);
		}
	}
	const stages = forwardStages(config).flatMap(({ match, verdict, comment }) =>
		addressRules({ ...match, excludesSources: false, excludesDestinations: false }, facts.resolved, sets).map(
			(expr) => {
				return { add: { rule: { ...table, chain: "stages", expr: [...expr, verdict], comment: shortened(comment) } } };
			},
		),
	);
	const isPermit = config.security.policies.defaultPolicy.permitAll;
	const devices = [...config.security.zones.securityZone.keys()].flatMap((zone) => devicesOf(zone).known);
	const nftables = [
		...emptyTable,
		...more,
		...frame(isPermit, devices, stages.length > 0),
		...sets.commands,
		...objects,
		...stages,
		...rules,
	];
	return { ruleset: { nftables }, gaps, counters };
}

/** The table without anything in it but the counter of QUIC. It is made first so that deleting it cannot fail. */
export const emptyTable: readonly NftJson[] = [
	{ add: { table: { family: "inet", name: "sallyport" } } },
	{ delete: { table: { family: "inet", name: "sallyport" } } },
	{ add: { table: { family: "inet", name: "sallyport" } } },
	{ add: { counter: { family: "inet", table: "sallyport", name: "quic" } } },
];

/** Chains, and what comes before the policies. */
function frame(isDefaultPermit: boolean, devices: readonly string[], hasStages: boolean): readonly NftJson[] {
	const hook = { type: "filter", hook: "forward", prio: 0, policy: isDefaultPermit ? "accept" : "drop" };
	const rule = (chain: string, ...expr: readonly NftJson[]): NftJson => ({ add: { rule: { ...table, chain, expr } } });
	const state = (...names: readonly string[]): NftJson => ({
		match: { op: "in", left: { ct: { key: "state" } }, right: names },
	});
	const isTcp = { match: { op: "==", left: { meta: { key: "l4proto" } }, right: 6 } };
	const outside = (key: string): NftJson => ({
		match: { op: "!=", left: { meta: { key } }, right: { set: [...new Set(devices)].sort() } },
	});
	return [
		{ add: { chain: { ...table, name: "refuse" } } },
		{ add: { chain: { ...table, name: "forward", ...hook } } },
		rule("refuse", isTcp, { reject: { type: "tcp reset" } }),
		rule("refuse", { reject: { type: "icmpx", expr: "admin-prohibited" } }),
		rule("forward", state("established", "related"), { accept: null }),
		...(devices.length === 0 ? [] : [rule("forward", outside("iifname"), outside("oifname"), { accept: null })]),
		rule("forward", state("invalid"), { drop: null }),
		...(hasStages
			? [{ add: { chain: { ...table, name: "stages" } } }, rule("forward", { jump: { target: "stages" } })]
			: []),
	];
}

/** True for a policy that has TLS opened and would let HTTP/3 pass unopened. */
function wouldOpenQuic({ statement, terms }: OrderedPolicy): boolean {
	if (statement.then.permit?.applicationServices.sslProxy.profileName === undefined) return false;
	const holds = (ports: { readonly from: number; readonly to: number } | undefined) =>
		ports === undefined || (ports.from <= 443 && ports.to >= 443);
	return terms === undefined || terms.some(({ protocol, ports }) => protocol === 17 && holds(ports));
}

/** One list of expressions for each rule that the policy needs. */
function addressRules(
	policy: Pick<OrderedPolicy, "sources" | "destinations" | "terms" | "excludesSources" | "excludesDestinations">,
	resolved: ReadonlyMap<string, readonly Address[]>,
	sets: NamedSets,
): readonly (readonly NftJson[])[] {
	const { sources, destinations, terms } = policy;
	if (isAny(sources) && isAny(destinations)) {
		return policy.excludesSources || policy.excludesDestinations ? [] : applicationMatches(terms, undefined);
	}
	return (["ip", "ip6"] as const).flatMap((family) => {
		const applications = applicationMatches(terms, family);
		if (applications.length === 0) return [];
		const froms = addressMatches(sources, policy.excludesSources, "saddr", family, resolved, sets);
		if (froms.length === 0) return [];
		const tos = addressMatches(destinations, policy.excludesDestinations, "daddr", family, resolved, sets);
		const ofFamily = { match: { op: "==", left: { meta: { key: "nfproto" } }, right: nfproto[family] } };
		return froms.flatMap((from) =>
			tos.flatMap((to) => applications.map((application) => [ofFamily, ...from, ...to, ...application])),
		);
	});
}

/** Alternatives, each a list of expressions that must all hold; none when no address of the family can match. */
function addressMatches(
	entries: readonly AddressEntry[],
	isExcluded: boolean,
	field: "saddr" | "daddr",
	family: Family,
	resolved: ReadonlyMap<string, readonly Address[]>,
	sets: NamedSets,
): readonly (readonly NftJson[])[] {
	if (isAny(entries)) return isExcluded ? [] : [[]];
	const { intervals, wildcards } = addressesOfFamily(entries, family, resolved);
	const op = isExcluded ? "!=" : "==";
	const matches = wildcards.map((wildcard) => wildcardMatch(wildcard, field, op));
	if (intervals.length > 0) {
		const set = sets.nameOf(setElements(intervals, family), family);
		matches.unshift({ match: { op, left: { payload: { protocol: family, field } }, right: `@${set}` } });
	}
	return isExcluded ? [matches] : matches.map((match) => [match]);
}

/** Undefined when no forwarded traffic is between the zones. */
function interfaceMatches(
	{ key, fromZones, toZones }: OrderedPolicy,
	devicesOf: (zone: string) => ZoneDevices,
	gaps: NftGap[],
): readonly NftJson[] | undefined {
	const matches: NftJson[] = [];
	for (const [meta, zones] of [["iifname", fromZones] as const, ["oifname", toZones] as const]) {
		if (zones === undefined) continue;
		const all = [...zones].map(devicesOf);
		for (const name of all.flatMap(({ unknown }) => unknown)) {
			gaps.push({ policy: key, reason: `interface ${name} has no device of Linux` });
		}
		const devices = all.flatMap(({ known }) => known);
		if (devices.length === 0) return undefined;
		matches.push({ match: { op: "==", left: { meta: { key: meta } }, right: { set: [...new Set(devices)].sort() } } });
	}
	return matches;
}

interface ZoneDevices {
	readonly known: readonly string[];
	/** Interfaces without a device. */
	readonly unknown: readonly string[];
}

function zoneDevices(config: PolicySources & { readonly interfaces: Interfaces }): (zone: string) => ZoneDevices {
	return (zone) => {
		const names = [...(config.security.zones.securityZone.get(zone)?.interfaces.interface.keys() ?? [])];
		const devices = names.map((name) => deviceOf(config.interfaces, name));
		return {
			known: devices.filter((device) => device !== undefined),
			unknown: names.filter((_, index) => devices[index] === undefined),
		};
	};
}

/** Names whose addresses are not known, where a policy that blocks them, or all others, would let them pass. */
function hostGaps(policy: OrderedPolicy, resolved: ReadonlyMap<string, readonly Address[]>): readonly NftGap[] {
	const loosens = (isExcluded: boolean) => policy.action !== "permit" || isExcluded;
	const entries = [
		...(loosens(policy.excludesSources) ? policy.sources : []),
		...(loosens(policy.excludesDestinations) ? policy.destinations : []),
	];
	return entries.flatMap((entry) => {
		if (entry.kind !== "host" || resolved.has(entry.pattern)) return [];
		return [{ policy: policy.key, reason: `the addresses of ${entry.pattern} are not known` }];
	});
}

/** Sets by what they hold, each once. */
class NamedSets {
	readonly commands: NftJson[] = [];
	readonly #names = new Map<string, string>();

	nameOf(elem: readonly unknown[], family: Family): string {
		const key = JSON.stringify([family, elem]);
		const known = this.#names.get(key);
		if (known !== undefined) return known;
		const name = `${family}-${this.#names.size + 1}`;
		this.#names.set(key, name);
		const type = family === "ip" ? "ipv4_addr" : "ipv6_addr";
		this.commands.push({ add: { set: { ...table, name, type, flags: ["interval"], elem } } });
		return name;
	}
}

function commentOf({ key }: OrderedPolicy): string {
	return shortened(key);
}

/** The kernel takes 128 octets with the NUL. */
function shortened(text: string): string {
	return text.length > 127 ? `${text.slice(0, 124)}...` : text;
}

function isAny(entries: readonly AddressEntry[]): boolean {
	return entries.some(({ kind }) => kind === "any");
}

const table = { family: "inet", table: "sallyport" } as const;
const nfproto = { ip: "ipv4", ip6: "ipv6" } as const;
const verdicts: Readonly<Record<OrderedPolicy["action"], NftJson>> = {
	permit: { accept: null },
	deny: { drop: null },
	reject: { goto: { target: "refuse" } },
};
