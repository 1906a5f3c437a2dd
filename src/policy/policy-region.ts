/** All that a policy matches, as a box: a set of numbers for each of its conditions. */
import { hash } from "node:crypto";
import type { Address } from "#base/address.ts";
import { Remembered } from "#base/remembered.ts";
import type { ApplicationTerm } from "#policy/application-ports.ts";
import { differenceOf, type Interval, type Intervals, unionOf } from "#policy/intervals.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";
import type { AddressEntry } from "#policy/resolve-addresses.ts";

/** Zones of client and server, addresses of client and server, application. */
export type Region = readonly Intervals[];

/** The number of 0.0.0.0: IPv6 addresses come before it. */
export const firstIpv4 = 1n << 128n;

/** All that a policy may match, and what it certainly matches. */
export interface Regions {
	readonly most: Region;
	readonly least: Region;
}

/**
 * Where a condition is no set of ranges, the region is too large for `most` and too small for `least`: a policy is covered
 * only when all that it may match is within what others certainly match.
 */
export function regionsOf(policy: OrderedPolicy): Regions {
	return remembered.of(policy, [], () => ({ most: regionOf(policy, "most"), least: regionOf(policy, "least") }));
}

function regionOf(policy: OrderedPolicy, bound: Bound): Region {
	return [
		zoneNumbers(policy.fromZones),
		zoneNumbers(policy.toZones),
		addressNumbers(policy.sources, policy.excludesSources, bound),
		serverNumbers(policy, bound),
		policy.terms === undefined ? everyTerm : termsNumbers(policy.terms, bound),
	];
}

type Bound = "most" | "least";

function zoneNumbers(zones: ReadonlySet<string> | undefined): Intervals {
	return zones === undefined ? everyZone : unionOf([...zones].map((zone) => point(nameNumber(zone))));
}

/**
 * IPv6 addresses, IPv4 addresses, then two numbers for each pattern of host names: every name of the connection fits, which
 * a policy that permits wants; some name fits, which is enough to block.
 */
function serverNumbers({ destinations, excludesDestinations, action }: OrderedPolicy, bound: Bound): Intervals {
	if (!excludesDestinations && destinations.some(({ kind }) => kind === "any")) return everyServer;
	const numbers = addressNumbers(destinations, excludesDestinations, bound);
	const names = excludesDestinations ? [] : destinations.flatMap((entry) => (entry.kind === "host" ? entry : []));
	if (names.length === 0) return numbers;
	const hosts = names.map(({ pattern }) => {
		const first = firstHost + 2n * nameNumber(pattern);
		return { from: first, to: action === "permit" ? first : first + 1n };
	});
	return unionOf([...numbers, ...hosts]);
}

function addressNumbers(entries: readonly AddressEntry[], isExcluded: boolean, bound: Bound): Intervals {
	if (entries.some(({ kind }) => kind === "any")) return isExcluded ? [] : everyAddress;
	if (!isExcluded) return unionOf(entries.flatMap((entry) => entryNumbers(entry, bound)));
	if (bound === "least" && entries.some(({ kind }) => kind === "host")) return [];
	const opposite = bound === "most" ? "least" : "most";
	return differenceOf(everyAddress, unionOf(entries.flatMap((entry) => entryNumbers(entry, opposite))));
}

/** The number of a name is its SHA-256: the same in every configuration, so that a region stays what it is. */
function nameNumber(name: string): bigint {
	return BigInt(`0x${hash("sha256", name, "hex")}`);
}

function entryNumbers(entry: AddressEntry, bound: Bound): Interval[] {
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

function termsNumbers(terms: readonly ApplicationTerm[], bound: Bound): Intervals {
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
const lastName = 1n << 256n;
const everyZone: Intervals = [{ from: 0n, to: lastName }];
const everyAddress: Intervals = [{ from: 0n, to: firstHost - 1n }];
const everyServer: Intervals = [{ from: 0n, to: firstHost + 2n * lastName }];
const everyTerm: Intervals = [{ from: 0n, to: (256n << 16n) - 1n }];
const remembered = new Remembered<OrderedPolicy, Regions>();
