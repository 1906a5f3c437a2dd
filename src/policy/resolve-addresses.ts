/** Names of the address books made into a set that answers questions. */
import { type Prefix, parsePrefix } from "#base/address.ts";
import type { Book } from "#policy/address-book-schema.ts";
import { prefixesOfRange } from "#policy/address-range.ts";
import { AddressSet } from "#policy/address-set.ts";

/**
 * The addresses that `names` mean in any of the books: `any`, `any-ipv4`, `any-ipv6`, addresses, and sets with their
 * members. `entryName` is what a hit calls itself; the name of the address when absent.
 */
export function resolveAddresses(books: Iterable<Book>, names: readonly string[], entryName?: string): AddressSet {
	if (names.includes("any")) return new AddressSet(true);
	const set = new AddressSet();
	if (names.includes("any-ipv4")) set.addPrefix(everyIpv4, entryName ?? "any-ipv4");
	if (names.includes("any-ipv6")) set.addPrefix(everyIpv6, entryName ?? "any-ipv6");
	for (const book of books) for (const name of membersOf(book, names)) addAddress(set, book, name, entryName ?? name);
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

function addAddress(set: AddressSet, book: Book, name: string, entry: string): void {
	const found = book.address.get(name);
	if (found === undefined) return;
	if (found.ipPrefix !== undefined) set.addPrefix(found.ipPrefix, entry);
	for (const pattern of found.dnsName.keys()) set.addHost(pattern, entry);
	for (const { lower, to } of found.rangeAddress.values()) {
		for (const prefix of prefixesOfRange(lower, to.upper)) set.addPrefix(prefix, entry);
	}
	if (found.wildcardAddress !== undefined) set.addWildcard(found.wildcardAddress, entry);
}

const everyIpv4 = parsePrefix("0.0.0.0/0") as Prefix;
const everyIpv6 = parsePrefix("::/0") as Prefix;
