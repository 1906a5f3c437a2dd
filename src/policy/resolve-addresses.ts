/** Names of the address books made into entries, and these into a set that answers questions. */
import { type Prefix, parsePrefix } from "#base/address.ts";
import { Remembered } from "#base/remembered.ts";
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

/** A named address of a book. */
export type BookAddress = NonNullable<ReturnType<Book["address"]["get"]>>;

/**
 * The addresses that `names` mean in any of the books: `any`, `any-ipv4`, `any-ipv6`, addresses, and sets with their
 * members. `entryName` is what a hit calls itself; the name of the address when absent.
 */
export function resolveAddresses(books: Iterable<Book>, names: readonly string[], entryName?: string): AddressSet {
	return addressSetOf(listAddresses(books, names), entryName);
}

/** The entries that the names mean; one entry of kind `any` when `any` is among them. */
export function listAddresses(books: Iterable<Book>, names: readonly string[]): readonly AddressEntry[] {
	if (names.includes("any")) return everywhere;
	const found: BookAddress[] = [];
	for (const book of books) addMembers(found, book, names);
	return entriesNamed(names, found);
}

/** The same where it is known what the names mean in address books: the list is the same as long as that is. */
export function entriesNamed(names: readonly string[], found: readonly BookAddress[]): readonly AddressEntry[] {
	return listed.of(names, found, () => [
		...names.flatMap((name) => words.get(name) ?? []),
		...found.flatMap(entriesOf),
	]);
}

/** Adds the addresses of a book: those that the names are, and those in the sets that they name, each once. */
export function addMembers(found: BookAddress[], book: Book, names: readonly string[]): void {
	const reached = new Set(names);
	for (const name of reached) {
		const address = book.address.get(name);
		if (address !== undefined) found.push(address);
		const set = book.addressSet.get(name);
		if (set === undefined) continue;
		for (const member of set.address.keys()) reached.add(member);
		for (const member of set.addressSet.keys()) reached.add(member);
	}
}

/** What answers questions about the entries; made once for the same list of them. */
export function addressSetOf(entries: readonly AddressEntry[], entryName?: string): AddressSet {
	return sets.of(entries, [entryName], () => makeSet(entries, entryName));
}

function makeSet(entries: readonly AddressEntry[], entryName: string | undefined): AddressSet {
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

function entriesOf(found: BookAddress): AddressEntry[] {
	const entry = found.name;
	const prefixes = found.ipPrefix === undefined ? [] : [found.ipPrefix];
	for (const { lower, to } of found.rangeAddress.values()) prefixes.push(...prefixesOfRange(lower, to.upper));
	const entries: AddressEntry[] = prefixes.map((prefix) => ({ kind: "prefix", entry, prefix }));
	for (const pattern of found.dnsName.keys()) entries.push({ kind: "host", entry, pattern });
	if (found.wildcardAddress !== undefined) entries.push({ kind: "wildcard", entry, wildcard: found.wildcardAddress });
	return entries;
}

const everywhere: readonly AddressEntry[] = [{ kind: "any", entry: "any" }];
const words: ReadonlyMap<string, AddressEntry> = new Map([
	["any", { kind: "any", entry: "any" }],
	["any-ipv4", { kind: "prefix", entry: "any-ipv4", prefix: parsePrefix("0.0.0.0/0") as Prefix }],
	["any-ipv6", { kind: "prefix", entry: "any-ipv6", prefix: parsePrefix("::/0") as Prefix }],
]);
const listed = new Remembered<readonly string[], readonly AddressEntry[]>();
const sets = new Remembered<readonly AddressEntry[], AddressSet>();
