/** All that a policy matches, as a box: a set of numbers for each of its conditions. */
import type { Address } from "#base/address.ts";
import type { ApplicationTerm } from "#policy/application-ports.ts";
import { differenceOf, type Interval, type Intervals, unionOf } from "#policy/intervals.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";
import type { AddressEntry } from "#policy/resolve-addresses.ts";

/** Zones of client and server, addresses of client and server, application. */
export type Region = readonly Intervals[];

/** The number of 0.0.0.0: IPv6 addresses come before it. */
export const firstIpv4 = 1n << 128n;

/** The numbers that stand for names. */
export interface RegionNames {
	readonly zones: ReadonlyMap<string, number>;
	readonly hosts: ReadonlyMap<string, number>;
}

export function regionNames(policies: readonly OrderedPolicy[]): RegionNames {
	const zones = new Set(policies.flatMap(({ fromZones, toZones }) => [...(fromZones ?? []), ...(toZones ?? [])]));
	const hosts = new Set(
		policies.flatMap(({ destinations }) => destinations.flatMap((one) => (one.kind === "host" ? [one.pattern] : []))),
	);
	return { zones: numbered(zones), hosts: numbered(hosts) };
}

function numbered(names: ReadonlySet<string>): ReadonlyMap<string, number> {
	return new Map([...names].map((name, index) => [name, index]));
}

/**
 * Where a condition is no set of ranges, the region is too large for `most` and too small for `least`: a policy is covered
 * only when all that it may match is within what others certainly match.
 */
export function regionOf(policy: OrderedPolicy, names: RegionNames, bound: "most" | "least"): Region {
	const isPermit = policy.action === "permit";
	return [
		zoneNumbers(policy.fromZones, names.zones),
		zoneNumbers(policy.toZones, names.zones),
		addressNumbers(policy.sources, policy.excludesSources, bound, undefined),
		addressNumbers(policy.destinations, policy.excludesDestinations, bound, { hosts: names.hosts, isPermit }),
		policy.terms === undefined ? [everyTerm] : termsNumbers(policy.terms, bound),
	];
}

/** The last number is all other zones. A zone that is not known is left out: the commit says which cannot be. */
function zoneNumbers(zones: ReadonlySet<string> | undefined, known: ReadonlyMap<string, number>): Intervals {
	if (zones === undefined) return [{ from: 0n, to: BigInt(known.size) }];
	return unionOf([...zones].map((zone) => point(BigInt(known.get(zone) ?? -1))));
}

/**
 * IPv6 addresses, IPv4 addresses, then two numbers for each pattern of host names: every name of the connection fits, which
 * a policy that permits wants; some name fits, which is enough to block.
 */
function addressNumbers(
	entries: readonly AddressEntry[],
	isExcluded: boolean,
	bound: "most" | "least",
	names: { readonly hosts: ReadonlyMap<string, number>; readonly isPermit: boolean } | undefined,
): Intervals {
	const isAny = entries.some(({ kind }) => kind === "any");
	if (isAny) return isExcluded ? [] : [{ from: 0n, to: firstHost + BigInt(2 * (names?.hosts.size ?? 0)) }];
	if (isExcluded) {
		const opposite = bound === "most" ? "least" : "most";
		if (bound === "least" && entries.some(({ kind }) => kind === "host")) return [];
		return differenceOf([everyAddress], unionOf(entries.flatMap((entry) => entryNumbers(entry, opposite))));
	}
	const numbers = entries.flatMap((entry) => entryNumbers(entry, bound));
	for (const entry of names === undefined ? [] : entries) {
		if (entry.kind !== "host") continue;
		const first = firstHost + BigInt(2 * (names?.hosts.get(entry.pattern) ?? 0));
		numbers.push({ from: first, to: names?.isPermit === true ? first : first + 1n });
	}
	return unionOf(numbers);
}

function entryNumbers(entry: AddressEntry, bound: "most" | "least"): Interval[] {
	if (entry.kind === "prefix") {
		const { address, length } = entry.prefix;
		const hostBits = BigInt(address.octets.length * 8 - length);
		const from = (addressNumber(address) >> hostBits) << hostBits;
		return [{ from, to: from + (1n << hostBits) - 1n }];
	}
	if (entry.kind === "wildcard" && bound === "most") return [{ from: firstIpv4, to: firstHost - 1n }];
	return [];
}

function addressNumber({ octets }: Address): bigint {
	const number = BigInt(`0x${Buffer.from(octets).toString("hex")}`);
	return octets.length === 4 ? firstIpv4 + number : number;
}

function termsNumbers(terms: readonly ApplicationTerm[], bound: "most" | "least"): Intervals {
	const told = terms.filter(({ icmpType, icmpCode }) => icmpCode === undefined || icmpType !== undefined);
	return unionOf((bound === "least" ? told : terms).map(termNumbers));
}

/** 65,536 numbers for each IP protocol: ports of the server, or type and code of an ICMP message. */
function termNumbers({ protocol, ports, icmpType, icmpCode }: ApplicationTerm): Interval {
	const base = BigInt(protocol) << 16n;
	if (ports !== undefined) return { from: base + BigInt(ports.from), to: base + BigInt(ports.to) };
	if (icmpType === undefined) return { from: base, to: base + 65_535n };
	const type = base + BigInt(icmpType << 8);
	return icmpCode === undefined ? { from: type, to: type + 255n } : point(type + BigInt(icmpCode));
}

function point(number: bigint): Interval {
	return { from: number, to: number };
}

const firstHost = firstIpv4 + (1n << 32n);
const everyAddress: Interval = { from: 0n, to: firstHost - 1n };
const everyTerm: Interval = { from: 0n, to: (256n << 16n) - 1n };
