/**
 * Which policies an address may concern. With thousands of policies a connection would look at each of them several times;
 * by client or server address most can be left out.
 *
 * Bounds: `maxPostings` entries per side; beyond that the side is not indexed.
 */
import type { Address } from "#base/address.ts";
import type { AddressSet } from "#policy/address-set.ts";
import { maskedKey } from "#policy/address-set.ts";

/** What the index reads of a policy. */
export interface IndexedRule {
	readonly sources: AddressSet;
	readonly destinations: AddressSet;
	readonly excludesSources?: boolean | undefined;
	readonly excludesDestinations?: boolean | undefined;
}

/** Rules by the prefixes of one side; the rules that prefixes alone do not decide about are always candidates. */
class Side {
	readonly always: number[] = [];
	readonly #byLength = new Map<number, Map<string, number[]>>();
	#postings = 0;

	get isUsable(): boolean {
		return this.#postings <= maxPostings;
	}

	add(position: number, set: AddressSet, isExcluded: boolean): void {
		if (isExcluded || !set.isOnlyPrefixes) {
			this.always.push(position);
			return;
		}
		for (const [length, key] of set.prefixKeys()) {
			if (++this.#postings > maxPostings) return;
			let group = this.#byLength.get(length);
			if (group === undefined) {
				group = new Map();
				this.#byLength.set(length, group);
			}
			const known = group.get(key);
			if (known === undefined) group.set(key, [position]);
			else known.push(position);
		}
	}

	/** The lists of rules whose prefixes cover the address. */
	lists(address: Address): readonly (readonly number[])[] {
		const lists: number[][] = [];
		for (const [length, group] of this.#byLength) {
			if (length >> 8 !== address.octets.length) continue;
			const found = group.get(maskedKey(address.octets, length & 0xff));
			if (found !== undefined) lists.push(found);
		}
		return lists;
	}
}

export class RuleIndex {
	readonly #count: number;
	readonly #sources = new Side();
	readonly #destinations = new Side();

	constructor(rules: readonly IndexedRule[]) {
		this.#count = rules.length;
		for (const [position, rule] of rules.entries()) {
			this.#sources.add(position, rule.sources, rule.excludesSources === true);
			this.#destinations.add(position, rule.destinations, rule.excludesDestinations === true);
		}
	}

	/**
	 * Positions of the rules that may match, ascending; the others cannot. Undefined when looking at all of them is as well.
	 * The server's side counts once its address is known.
	 */
	candidates(client: Address, server: Address | undefined): readonly number[] | undefined {
		const bySource = this.#found(this.#sources, client);
		const byDestination = server === undefined ? undefined : this.#found(this.#destinations, server);
		const best =
			bySource === undefined || (byDestination !== undefined && byDestination.size < bySource.size)
				? byDestination
				: bySource;
		if (best === undefined || best.size * 2 > this.#count) return undefined;
		if (best.lists.length === 0) return best.always;
		return [...new Set(best.lists.concat([best.always]).flat())].sort((a, b) => a - b);
	}

	#found(side: Side, address: Address) {
		if (!side.isUsable) return undefined;
		const lists = side.lists(address);
		const size = lists.reduce((sum, list) => sum + list.length, side.always.length);
		return { always: side.always as readonly number[], lists, size };
	}
}

/** The rules that may match, in their order. Few rules are looked at one by one. */
export function rulesFor<R extends IndexedRule>(
	rules: readonly R[],
	client: Address,
	server: Address | undefined,
): readonly R[] {
	if (rules.length < fewRules) return rules;
	let index = indexes.get(rules);
	if (index === undefined) {
		index = new RuleIndex(rules);
		indexes.set(rules, index);
	}
	const candidates = index.candidates(client, server);
	return candidates === undefined ? rules : candidates.map((position) => rules[position] as R);
}

/** One for the rules of a configuration, as long as those live. */
const indexes = new WeakMap<readonly IndexedRule[], RuleIndex>();
const fewRules = 32;
const maxPostings = 2_000_000;
