/** What is exempt from decryption: addresses, domains and categories, and the names that are decrypted all the same. */
import type { Address } from "#base/address.ts";
import type { AddressHit, AddressSet } from "#policy/address-set.ts";
import type { DomainSet } from "#policy/domain-set.ts";

/** Lists of domains that were imported, by name; undefined when there is none of that name. */
export interface DomainLists {
	domainList(name: string): DomainSet | undefined;
	category(name: string): DomainSet | undefined;
	/** The exemptions that are recommended. */
	recommended(): DomainSet;
}

/**
 * Asked in this order: addresses and names that the operator wrote down; then, unless an override covers the name, the
 * categories and what is recommended.
 *
 * Bounds: a look-up costs as much as one in each of its sets.
 */
export class ExemptDestinations {
	readonly #written: AddressSet;
	readonly #domains: readonly DomainSet[];
	readonly #categories: readonly DomainSet[];
	readonly #overrides: DomainSet;

	constructor(
		written: AddressSet,
		domains: readonly DomainSet[],
		categories: readonly DomainSet[],
		overrides: DomainSet,
	) {
		this.#written = written;
		this.#domains = domains;
		this.#categories = categories;
		this.#overrides = overrides;
	}

	matchAddress(address: Address): AddressHit | undefined {
		return this.#written.matchAddress(address);
	}

	/** The entry that exempts the name (in normal form). */
	matchHost(name: string): AddressHit | undefined {
		return this.#written.matchHost(name) ?? firstHit(this.#domains, name) ?? this.#byCategory(name);
	}

	#byCategory(name: string): AddressHit | undefined {
		const hit = firstHit(this.#categories, name);
		return hit === undefined || this.#overrides.match(name) !== undefined ? undefined : hit;
	}
}

function firstHit(sets: readonly DomainSet[], name: string): AddressHit | undefined {
	for (const set of sets) {
		const hit = set.match(name);
		if (hit !== undefined) return hit;
	}
	return undefined;
}
