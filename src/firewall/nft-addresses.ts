/** Addresses of a policy as sets and expressions of nftables. */
import { type Address, formatAddress } from "#base/address.ts";
import type { WildcardAddress } from "#policy/address-types.ts";
import { type Interval, type Intervals, unionOf } from "#policy/intervals.ts";
import type { AddressEntry } from "#policy/resolve-addresses.ts";

/** A part of a ruleset in the JSON of libnftables. */
export type NftJson = { readonly [key: string]: unknown };
export type Family = "ip" | "ip6";

/** The addresses of one family that a condition names. */
export interface FamilyAddresses {
	readonly intervals: Intervals;
	/** Masks with holes, which no set of nftables takes. */
	readonly wildcards: readonly WildcardAddress[];
}

/** What of the entries is of the family. `resolved` are the addresses of host names; patterns have none. */
export function addressesOfFamily(
	entries: readonly AddressEntry[],
	family: Family,
	resolved: ReadonlyMap<string, readonly Address[]>,
): FamilyAddresses {
	const size = family === "ip" ? 4 : 16;
	const intervals: Interval[] = [];
	const wildcards: WildcardAddress[] = [];
	for (const entry of entries) {
		if (entry.kind === "wildcard" && family === "ip") wildcards.push(entry.wildcard);
		if (entry.kind === "prefix" && entry.prefix.address.octets.length === size) {
			const hostBits = BigInt(size * 8 - entry.prefix.length);
			const from = (numberOf(entry.prefix.address) >> hostBits) << hostBits;
			intervals.push({ from, to: from + (1n << hostBits) - 1n });
		}
		for (const address of entry.kind === "host" ? (resolved.get(entry.pattern) ?? []) : []) {
			if (address.octets.length !== size) continue;
			intervals.push({ from: numberOf(address), to: numberOf(address) });
		}
	}
	return { intervals: unionOf(intervals), wildcards };
}

/** The elements of a set with flag `interval`. */
export function setElements(intervals: Intervals, family: Family): readonly unknown[] {
	return intervals.map(({ from, to }) => {
		const lower = addressText(from, family);
		return from === to ? lower : { range: [lower, addressText(to, family)] };
	});
}

/** The address bits that count in a mask with holes. */
export function wildcardMatch({ address, mask }: WildcardAddress, field: string, op: "==" | "!="): NftJson {
	const payload = { payload: { protocol: "ip", field } };
	const left = { "&": [payload, formatAddress(mask)] };
	return { match: { op, left, right: formatAddress(address) } };
}

function numberOf({ octets }: Address): bigint {
	return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

function addressText(number: bigint, family: Family): string {
	const digits = number.toString(16).padStart(family === "ip" ? 8 : 32, "0");
	return formatAddress({ octets: new Uint8Array(Buffer.from(digits, "hex")) });
}
