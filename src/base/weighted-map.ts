/** A map whose entries weigh: nothing that peers can make large is kept without bound. */

/**
 * A map that forgets the entries used longest ago when they are too many or too heavy together.
 *
 * Bounds: at most `capacity` entries of at most `maxWeight` in all; a single heavier entry is not kept.
 */
export class WeightedMap<K, V> {
	readonly capacity: number;
	readonly maxWeight: number;
	readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>();
	#weight = 0;

	constructor(capacity: number, maxWeight: number) {
		this.capacity = capacity;
		this.maxWeight = maxWeight;
	}

	get size(): number {
		return this.#entries.size;
	}

	get weight(): number {
		return this.#weight;
	}

	/** The value, which becomes the most recently used. */
	get(key: K): V | undefined {
		const entry = this.#entries.get(key);
		if (entry === undefined) return undefined;
		this.#entries.delete(key);
		this.#entries.set(key, entry);
		return entry.value;
	}

	set(key: K, value: V, weight: number): void {
		this.delete(key);
		if (weight > this.maxWeight) return;
		this.#entries.set(key, { value, weight });
		this.#weight += weight;
		for (const oldest of this.#entries.keys()) {
			if (this.#entries.size <= this.capacity && this.#weight <= this.maxWeight) return;
			this.delete(oldest);
		}
	}

	delete(key: K): void {
		const entry = this.#entries.get(key);
		if (entry === undefined) return;
		this.#entries.delete(key);
		this.#weight -= entry.weight;
	}

	clear(): void {
		this.#entries.clear();
		this.#weight = 0;
	}

	*entries(): Generator<[K, V]> {
		for (const [key, { value }] of this.#entries) yield [key, value];
	}
}
