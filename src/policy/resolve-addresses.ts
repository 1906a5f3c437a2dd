/** Names of the address books made into entries, and these into a set that answers questions. */
import { type Prefix, parsePrefix } from "#base/address.ts";
import type { Book } from "#policy/address-book-schema.ts";
import { prefixesOfRange } from "#policy/address-range.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { WildcardAddress } from "#policy/address-types.ts";

/** One thing that a name means. `entry` is the name of the address. */
export type AddressEntry =
	| { readonly kind: "any"; readonly entry: string }
	| { readonly kind: "prefix"; readonly entry: string; readonly prefix: Prefix }
	| { readonly kind: "wildcard"; readonly entry: string; readonly wildcard: WildcardAddress }
	| { readonly kind: "host"; readonly entry: string; readonly pattern: string };

/**
 * The addresses that `names` mean in any of the books: `any`, `any-ipv4`, `any-ipv6`, addresses, and sets with their
 * members. `entryName` is what a hit calls itself; the name of the address when absent.
 */
export function resolveAddresses(books: Iterable<Book>, names: readonly string[], entryName?: string): AddressSet {
	return addressSetOf(listAddresses(books, names), entryName);
}

/** The entries that the names mean; one entry of kind `any` when `any` is among them. */
export function listAddresses(books: Iterable<Book>, names: readonly string[]): readonly AddressEntry[] {
	if (names.includes("any")) return [{ kind: "any", entry: "any" }];
	const entries: AddressEntry[] = [];
	if (names.includes("any-ipv4")) entries.push({ kind: "prefix", entry: "any-ipv4", prefix: everyIpv4 });
	if (names.includes("any-ipv6")) entries.push({ kind: "prefix", entry: "any-ipv6", prefix: everyIpv6 });
	for (const book of books) for (const name of membersOf(book, names)) entries.push(...entriesOf(book, name));
	return entries;
}

export function addressSetOf(entries: readonly AddressEntry[], entryName?: string): AddressSet {
	if (entries.some(({ kind }) => kind === "any")) return new AddressSet(true);
	const set = new AddressSet();
	for (const one of entries) {
		const entry = entryName ?? one.entry;
		if (one.kind === "prefix") set.addPrefix(one.prefix, entry);
		else if (one.kind === "wildcard") set.addWildcard(one.wildcard, entry);
		else if (one.kind === "host") set.addHost(one.pattern, entry);
	}
	return set;
}

/** The names themselves and those in the sets that they name, each once. */
function membersOf(book: Book, names: readonly string[]): Iterable<string> {
	const reached = new Set(names);
	for (const name of reached) {
		const set = book.addressSet.get(name);
		if (set === undefined) continue;
		for (const member of set.address.keys()) reached.add(member);
		for (const member of set.addressSet.keys()) reached.add(member);
	}
	return reached;
}

function entriesOf(book: Book, entry: string): AddressEntry[] {
	const found = book.address.get(entry);
	if (found === undefined) return [];
	const prefixes = found.ipPrefix === undefined ? [] : [found.ipPrefix];
	for (const { lower, to } of found.rangeAddress.values()) prefixes.push(...prefixesOfRange(lower, to.upper));
	const entries: AddressEntry[] = prefixes.map((prefix) => ({ kind: "prefix", entry, prefix }));
	for (const pattern of found.dnsName.keys()) entries.push({ kind: "host", entry, pattern });
	if (found.wildcardAddress !== undefined) entries.push({ kind: "wildcard", entry, wildcard: found.wildcardAddress });
	return entries;
}

const everyIpv4 = parsePrefix("0.0.0.0/0") as Prefix;
const everyIpv6 = parsePrefix("::/0") as Prefix;
