/** Maps with a named capacity: nothing held per peer grows without bound. */

/**
 * A map that forgets the entry used longest ago when it is full.
 *
 * Bounds: at most `capacity` entries; every call is O(1).
 */
export class BoundedMap<K, V> {
	readonly capacity: number;
	readonly #entries = new Map<K, V>();
	readonly #onEvict: ((key: K, value: V) => void) | undefined;

	constructor(capacity: number, onEvict?: (key: K, value: V) => void) {
		this.capacity = capacity;
		this.#onEvict = onEvict;
	}

	get size(): number {
		return this.#entries.size;
	}

	/** The value, which becomes the most recently used. */
	get(key: K): V | undefined {
		const value = this.#entries.get(key);
		if (value === undefined) return undefined;
		this.#entries.delete(key);
		this.#entries.set(key, value);
		return value;
	}

	has(key: K): boolean {
		return this.#entries.has(key);
	}

	set(key: K, value: V): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		if (this.#entries.size <= this.capacity) return;
		const [oldest] = this.#entries;
		if (oldest === undefined) return;
		this.#entries.delete(oldest[0]);
		this.#onEvict?.(oldest[0], oldest[1]);
	}

	/** Removes the entry and returns its value. */
	take(key: K): V | undefined {
		const value = this.#entries.get(key);
		this.#entries.delete(key);
		return value;
	}

	clear(): void {
		this.#entries.clear();
	}

	values(): IterableIterator<V> {
		return this.#entries.values();
	}
}
