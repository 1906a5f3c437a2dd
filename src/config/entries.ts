/** The entries of one named list: found by key, listed in the order the user gave or sorted by name. Never changes. */
import { compareNatural } from "#config/natural-order.ts";
import { SortedMap } from "#config/sorted-map.ts";

/** `user`: entries stay as entered and `insert` moves them; `sorted`: entries are listed by name. */
export type ListOrder = "user" | "sorted";

/** What a list can hold. */
export interface Keyed {
	readonly keys: readonly string[];
	readonly isInactive?: boolean;
}

/** An entry in two versions of a list; the same object in both when only its place may differ. */
export interface EntryDifference<E> {
	readonly before: E | undefined;
	readonly after: E | undefined;
}

interface Placed<E> {
	readonly ordinal: number;
	readonly entry: E;
}

export class Entries<E extends Keyed> {
	readonly kind = "entries";
	readonly order: ListOrder;
	/** The same object as long as the same keys are active: what was found by its name is still there. */
	readonly names: object;
	readonly #byKey: SortedMap<string, Placed<E>>;
	readonly #sequence: SortedMap<number, string> | undefined;
	/** Made once so many keys were asked for that it pays. */
	#index: Map<string, E> | undefined;
	#asked = 0;

	private constructor(
		order: ListOrder,
		byKey: SortedMap<string, Placed<E>>,
		sequence: SortedMap<number, string> | undefined,
		names: object = {},
	) {
		this.order = order;
		this.names = names;
		this.#byKey = byKey;
		this.#sequence = sequence;
	}

	static empty<E extends Keyed>(order: ListOrder): Entries<E> {
		return new Entries<E>(order, new SortedMap(compareNatural), order === "user" ? new SortedMap(byNumber) : undefined);
	}

	get size(): number {
		return this.#byKey.size;
	}

	get(keys: readonly string[]): E | undefined {
		const key = keyOf(keys);
		if (this.#index !== undefined) return this.#index.get(key);
		if (++this.#asked > Math.max(leastAsked, this.size >> 3)) this.#index = this.#indexed();
		return this.#byKey.get(key)?.entry;
	}

	/** With the entry of the same keys replaced in its place, or appended. */
	set(entry: E): Entries<E> {
		const key = keyOf(entry.keys);
		const present = this.#byKey.get(key);
		if (present !== undefined) {
			if (present.entry === entry) return this;
			const names = present.entry.isInactive === entry.isInactive ? this.names : {};
			return new Entries(this.order, this.#byKey.set(key, { ordinal: present.ordinal, entry }), this.#sequence, names);
		}
		const ordinal = (this.#sequence?.lastKey() ?? 0) + 1;
		return new Entries(this.order, this.#byKey.set(key, { ordinal, entry }), this.#sequence?.set(ordinal, key));
	}

	delete(keys: readonly string[]): Entries<E> {
		const key = keyOf(keys);
		const present = this.#byKey.get(key);
		if (present === undefined) return this;
		return new Entries(this.order, this.#byKey.delete(key), this.#sequence?.delete(present.ordinal));
	}

	/** With the entry `keys` standing just before or after `other`; unchanged when one is absent or the list is sorted. */
	move(keys: readonly string[], where: "before" | "after" | "first", other: readonly string[] = []): Entries<E> {
		const key = keyOf(keys);
		const moved = this.#byKey.get(key);
		const sequence = this.#sequence?.delete(moved?.ordinal ?? Number.NaN);
		if (moved === undefined || sequence === undefined) return this;
		const target = where === "first" ? Number.NEGATIVE_INFINITY : this.#byKey.get(keyOf(other))?.ordinal;
		if (target === undefined || target === moved.ordinal) return this;
		const around = sequence.neighbours(target);
		const ordinal =
			where === "before"
				? between(around.before, target)
				: between(where === "first" ? undefined : target, around.after);
		if (ordinal === undefined) return this.#renumbered().move(keys, where, other);
		const byKey = this.#byKey.set(key, { ordinal, entry: moved.entry });
		return new Entries(this.order, byKey, sequence.set(ordinal, key), this.names);
	}

	/** With the entry `keys` replaced, in its place, by one with other keys. */
	rename(keys: readonly string[], entry: E): Entries<E> {
		const oldKey = keyOf(keys);
		const newKey = keyOf(entry.keys);
		const present = this.#byKey.get(oldKey);
		if (present === undefined || this.#byKey.get(newKey) !== undefined) return this;
		const byKey = this.#byKey.delete(oldKey).set(newKey, { ordinal: present.ordinal, entry });
		return new Entries(this.order, byKey, this.#sequence?.set(present.ordinal, newKey));
	}

	/** The entries as they are listed. */
	*[Symbol.iterator](): IterableIterator<E> {
		if (this.#sequence === undefined) {
			for (const placed of this.#byKey.values()) yield placed.entry;
			return;
		}
		const placed = [...this.#byKey.values()].sort((a, b) => a.ordinal - b.ordinal);
		for (const { entry } of placed) yield entry;
	}

	/** The entries that are not the same object, or not at the same place in the user's numbering, in both lists. */
	*differencesFrom(before: Entries<E>): IterableIterator<EntryDifference<E>> {
		if (before === this) return;
		for (const key of this.#byKey.keysNotShared(before.#byKey)) {
			const fresh = this.#byKey.get(key) as Placed<E>;
			const old = before.#byKey.get(key);
			if (old?.entry !== fresh.entry || (this.#sequence !== undefined && old.ordinal !== fresh.ordinal))
				yield { before: old?.entry, after: fresh.entry };
		}
		for (const key of before.#byKey.keysNotShared(this.#byKey)) {
			if (this.#byKey.get(key) === undefined)
				yield { before: (before.#byKey.get(key) as Placed<E>).entry, after: undefined };
		}
	}

	/**
	 * The differences in the order in which the entries are listed, when no entry of a user's order came, went or moved;
	 * undefined otherwise. Costs no more than what differs.
	 */
	differencesInPlace(before: Entries<E>): readonly EntryDifference<E>[] | undefined {
		if (this.order !== before.order || this.#sequence !== before.#sequence) return undefined;
		const found = [...this.differencesFrom(before)];
		const ordinalOf = ({ after }: EntryDifference<E>): number =>
			after === undefined ? 0 : (this.#byKey.get(keyOf(after.keys))?.ordinal ?? 0);
		return this.#sequence === undefined ? found : found.sort((a, b) => ordinalOf(a) - ordinalOf(b));
	}

	/** The first keys that begin with `prefix`, sorted, at most `limit`. */
	namesFrom(prefix: string, limit: number): string[] {
		const digits = /[1-9][0-9]*$/.exec(prefix)?.[0] ?? "";
		const stem = prefix.slice(0, prefix.length - digits.length);
		if (digits === "" || /[0-9]$/.test(stem)) return this.#namesWith(prefix.replace(/[0-9]+$/, ""), prefix, "", limit);
		// Names sort by their numbers, so 4, 40 to 49, 400 to 499 ... stand apart from each other.
		const names: string[] = [];
		for (let zeros = 0; zeros <= maxDigits && names.length < limit; zeros++)
			names.push(...this.#namesWith(stem, prefix, digits + "0".repeat(zeros), limit - names.length));
		return names;
	}

	/** From the first name with the number `from` after `stem`, as long as it has as many digits and begins alike. */
	#namesWith(stem: string, prefix: string, from: string, limit: number): string[] {
		const names: string[] = [];
		const digits = prefix.slice(stem.length);
		for (const key of this.#byKey.keysFrom(stem + from)) {
			const name = key.split(separator, 1)[0] as string;
			if (!name.startsWith(stem) || names.length >= limit) break;
			if (from !== "") {
				const number = /^0*([0-9]*)/.exec(name.slice(stem.length))?.[1] ?? "";
				if (number.length !== from.length || !number.startsWith(digits)) break;
			}
			if (name.startsWith(prefix) && names.at(-1) !== name) names.push(name);
		}
		return names;
	}

	#indexed(): Map<string, E> {
		const index = new Map<string, E>();
		for (const { entry } of this.#byKey.values()) index.set(keyOf(entry.keys), entry);
		return index;
	}

	#renumbered(): Entries<E> {
		let fresh = Entries.empty<E>(this.order);
		for (const entry of this) fresh = fresh.set(entry);
		return fresh;
	}
}

function keyOf(keys: readonly string[]): string {
	return keys.length === 1 ? (keys[0] as string) : keys.join(separator);
}

function between(low: number | undefined, high: number | undefined): number | undefined {
	if (low === undefined) return (high ?? 0) - 1;
	if (high === undefined) return low + 1;
	const middle = low + (high - low) / 2;
	return middle > low && middle < high ? middle : undefined;
}

function byNumber(a: number, b: number): number {
	return a - b;
}

/** Words hold no control characters, so this never stands inside a key. */
const separator = "\u0000";
const leastAsked = 256;
/** Numbers in names with more digits than this are not looked for by their beginning. */
const maxDigits = 20;
