/** Which address books a zone knows, and which entries a name of a policy means. */
import type { AddressBookConfig, Book } from "#policy/address-book-schema.ts";
import { type AddressEntry, addMembers, type BookAddress, entriesNamed } from "#policy/resolve-addresses.ts";
import type { Zones } from "#policy/zones-schema.ts";

/** The parts of `security` that hold address books. */
export interface BookSources {
	readonly addressBook: AddressBookConfig;
	readonly zones: Pick<Zones, "securityZone">;
}

/** The books whose names a zone knows: its own, the one attached to it, the global one. */
export function booksByZone({ addressBook, zones }: BookSources): (zone: string) => readonly Book[] {
	const attached = new Map<string, Book[]>();
	for (const book of addressBook.book.values()) {
		for (const zone of book.attach.zone.keys()) attached.set(zone, [...(attached.get(zone) ?? []), book]);
	}
	const shared = addressBook.book.get(globalBook);
	return (zone) => {
		const own = zones.securityZone.get(zone)?.addressBook;
		return [own, ...(attached.get(zone) ?? []), shared].filter((book) => book !== undefined);
	};
}

/** Every book: what a global policy may name. */
export function allBooks({ addressBook, zones }: BookSources): readonly Book[] {
	return [...addressBook.book.values(), ...[...zones.securityZone.values()].map((zone) => zone.addressBook)];
}

/** The entries of names in a zone: of two books that know a name, the zone's own goes before the global one. */
export function addressesInZone(books: readonly Book[], names: readonly string[]): readonly AddressEntry[] {
	const found: BookAddress[] = [];
	for (const book of books) {
		const own = names.filter((name) => books.find((one) => knows(one, name)) === book);
		addMembers(found, book, own);
	}
	return entriesNamed(names, found);
}

function knows(book: Book, name: string): boolean {
	return book.address.has(name) || book.addressSet.has(name);
}

export const globalBook = "global";
