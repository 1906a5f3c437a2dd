/** Applications of a policy as expressions of nftables. */
import type { Family, NftJson } from "#firewall/nft-addresses.ts";
import type { ApplicationTerm } from "#policy/application-ports.ts";
import { type Intervals, unionOf } from "#policy/intervals.ts";

/**
 * One list of expressions for each IP protocol, and for each type of an ICMP message; together they are the applications.
 * Types of ICMP messages are left out of rules of the other family.
 */
export function applicationMatches(
	terms: readonly ApplicationTerm[] | undefined,
	family: Family | undefined,
): readonly (readonly NftJson[])[] {
	if (terms === undefined) return [[]];
	const lists: NftJson[][] = [];
	for (const protocol of new Set(terms.map((term) => term.protocol))) {
		const own = terms.filter((term) => term.protocol === protocol);
		const ofProtocol = match({ meta: { key: "l4proto" } }, protocol);
		const isWhole = own.some(({ ports, icmpType, icmpCode }) =>
			[ports, icmpType, icmpCode].every((one) => one === undefined),
		);
		const name = portProtocols.get(protocol);
		if (isWhole) lists.push([ofProtocol]);
		else if (name !== undefined) lists.push([match({ payload: { protocol: name, field: "dport" } }, portSet(own))]);
		else lists.push(...own.flatMap((term) => icmpMatches(term, family)));
	}
	return lists;
}

function icmpMatches({ protocol, icmpType, icmpCode }: ApplicationTerm, family: Family | undefined): NftJson[][] {
	const name = protocol === 58 ? "icmpv6" : "icmp";
	if (family === (protocol === 58 ? "ip" : "ip6")) return [];
	const matches: NftJson[] = [];
	if (icmpType !== undefined) matches.push(match({ payload: { protocol: name, field: "type" } }, icmpType));
	if (icmpCode !== undefined) matches.push(match({ payload: { protocol: name, field: "code" } }, icmpCode));
	return [matches];
}

function portSet(terms: readonly ApplicationTerm[]): NftJson {
	const ports: Intervals = unionOf(
		terms.flatMap(({ ports: range }) =>
			range === undefined ? [] : [{ from: BigInt(range.from), to: BigInt(range.to) }],
		),
	);
	return { set: ports.map(({ from, to }) => (from === to ? Number(from) : { range: [Number(from), Number(to)] })) };
}

function match(left: NftJson, right: unknown): NftJson {
	return { match: { op: "==", left, right } };
}

const portProtocols: ReadonlyMap<number, string> = new Map([
	[6, "tcp"],
	[17, "udp"],
	[132, "sctp"],
]);
