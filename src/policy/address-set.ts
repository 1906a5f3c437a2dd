/** A set of prefixes and host patterns with the name of the entry that each came from. */
import { type Address, formatPrefix, type Prefix } from "#base/address.ts";
import { HostPatternMap } from "#base/host-name.ts";
import { type WildcardAddress, wildcardAddress } from "#policy/address-types.ts";

/** What matched, in words for the record: the entry's name and its value. */
export interface AddressHit {
	readonly entry: string;
	readonly value: string;
}

/**
 * Prefixes by length, host patterns by label.
 *
 * Bounds: a look-up costs one map access per distinct prefix length, or per label of a name, whatever the number of entries;
 *         and a comparison for each wildcard address.
 */
export class AddressSet {
	/** True when the set is `any`: everything matches. */
	readonly isAny: boolean;
	readonly #byLength = new Map<number, Map<string, AddressHit>>();
	readonly #hosts = new HostPatternMap<AddressHit>();
	readonly #wildcards: (WildcardAddress & { readonly hit: AddressHit })[] = [];

	constructor(isAny = false) {
		this.isAny = isAny;
	}

	get hasHosts(): boolean {
		return this.#hosts.size > 0;
	}

	/** True when an address can be in it. */
	get hasAddresses(): boolean {
		return this.isAny || this.#byLength.size > 0 || this.#wildcards.length > 0;
	}

	/** Prefixes alone decide what is in it. */
	get isOnlyPrefixes(): boolean {
		return !this.isAny && this.#hosts.size === 0 && this.#wildcards.length === 0;
	}

	/** Each prefix: its length with the octets of its family (`octets << 8 | bits`), and its leading bits as `maskedKey` has them. */
	*prefixKeys(): Iterable<readonly [number, string]> {
		for (const [length, group] of this.#byLength) for (const key of group.keys()) yield [length, key];
	}

	addPrefix(prefix: Prefix, entry: string): void {
		const key = lengthKey(prefix.address.octets.length, prefix.length);
		let group = this.#byLength.get(key);
		if (group === undefined) {
			group = new Map();
			this.#byLength.set(key, group);
		}
		group.set(maskedKey(prefix.address.octets, prefix.length), { entry, value: formatPrefix(prefix) });
	}

	/** Looked through one by one, unlike prefixes: a mask with holes has no order. */
	addWildcard(wildcard: WildcardAddress, entry: string): void {
		this.#wildcards.push({ ...wildcard, hit: { entry, value: wildcardAddress().format(wildcard) } });
	}

	addHost(pattern: string, entry: string): void {
		this.#hosts.set(pattern, { entry, value: pattern });
	}

	/** The entry whose prefix or wildcard covers the address. */
	matchAddress(address: Address): AddressHit | undefined {
		const size = address.octets.length;
		for (const [key, group] of this.#byLength) {
			if (key >> 8 !== size) continue;
			const hit = group.get(maskedKey(address.octets, key & 0xff));
			if (hit !== undefined) return hit;
		}
		return size === 4 ? this.#wildcards.find((wildcard) => covers(wildcard, address))?.hit : undefined;
	}

	/** The entry whose pattern covers the name (in normal form). */
	matchHost(name: string): AddressHit | undefined {
		return this.#hosts.match(name)?.value;
	}
}

function covers({ address, mask }: WildcardAddress, candidate: Address): boolean {
	return mask.octets.every((octet, index) => {
		return ((candidate.octets[index] as number) & octet) === (address.octets[index] as number);
	});
}

function lengthKey(octets: number, length: number): number {
	return (octets << 8) | length;
}

/** The address's leading `length` bits as a string that only equal prefixes share. */
export function maskedKey(octets: Uint8Array, length: number): string {
	let key = "";
	const whole = length >> 3;
	for (let index = 0; index < whole; index++) key += String.fromCharCode(octets[index] as number);
	const rest = length & 7;
	if (rest !== 0) key += String.fromCharCode((octets[whole] as number) & (0xff << (8 - rest)) & 0xff);
	return key;
}
