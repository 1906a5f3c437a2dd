/**
 * A sorted map that never changes: `set` and `delete` answer a new map which shares all but one chunk with the old.
 *
 * Shape:  an array of chunks, each an array of keys and an array of values, in order.
 * Bounds: a look-up is two binary searches, or two comparisons behind the greatest key, where a sorted text adds what it
 *         reads; a change copies one chunk (at most 256 entries) and the array of chunks.
 */

interface Chunk<K, V> {
	readonly keys: readonly K[];
	readonly values: readonly V[];
}

export class SortedMap<K, V> {
	readonly size: number;
	readonly #compare: (a: K, b: K) => number;
	readonly #chunks: readonly Chunk<K, V>[];

	constructor(compare: (a: K, b: K) => number, chunks: readonly Chunk<K, V>[] = [], size = 0) {
		this.#compare = compare;
		this.#chunks = chunks;
		this.size = size;
	}

	get(key: K): V | undefined {
		const chunk = this.#chunks[this.#chunkFor(key)];
		if (chunk === undefined) return undefined;
		const at = this.#search(chunk.keys, key);
		return at < 0 ? undefined : chunk.values[at];
	}

	/** This map with `key` set to `value`. */
	set(key: K, value: V): SortedMap<K, V> {
		const index = this.#chunkFor(key);
		const chunk = this.#chunks[index];
		if (chunk === undefined) return new SortedMap(this.#compare, [{ keys: [key], values: [value] }], 1);
		const at = this.#search(chunk.keys, key);
		if (at >= 0) {
			if (chunk.values[at] === value) return this;
			return this.#withChunks(index, [{ keys: chunk.keys, values: chunk.values.with(at, value) }], this.size);
		}
		const keys = chunk.keys.toSpliced(~at, 0, key);
		const values = chunk.values.toSpliced(~at, 0, value);
		if (keys.length <= chunkCapacity) return this.#withChunks(index, [{ keys, values }], this.size + 1);
		// A chunk that overflows at its end is the usual append: leave it nearly full instead of half full.
		const cut = ~at === keys.length - 1 ? keys.length - 1 : keys.length >> 1;
		const parts = [
			{ keys: keys.slice(0, cut), values: values.slice(0, cut) },
			{ keys: keys.slice(cut), values: values.slice(cut) },
		];
		return this.#withChunks(index, parts, this.size + 1);
	}

	/** This map without `key`. */
	delete(key: K): SortedMap<K, V> {
		const index = this.#chunkFor(key);
		const chunk = this.#chunks[index];
		const at = chunk === undefined ? -1 : this.#search(chunk.keys, key);
		if (chunk === undefined || at < 0) return this;
		const rest =
			chunk.keys.length === 1 ? [] : [{ keys: chunk.keys.toSpliced(at, 1), values: chunk.values.toSpliced(at, 1) }];
		return this.#withChunks(index, rest, this.size - 1);
	}

	/** The entries just before and just after `key`, whether or not `key` is there. */
	neighbours(key: K): { readonly before: K | undefined; readonly after: K | undefined } {
		const index = this.#chunkFor(key);
		const chunk = this.#chunks[index];
		if (chunk === undefined) return { before: undefined, after: undefined };
		const at = this.#search(chunk.keys, key);
		const first = at < 0 ? ~at : at;
		const next = at < 0 ? first : first + 1;
		return {
			before: first > 0 ? chunk.keys[first - 1] : this.#chunks[index - 1]?.keys.at(-1),
			after: next < chunk.keys.length ? chunk.keys[next] : this.#chunks[index + 1]?.keys[0],
		};
	}

	/** The greatest key. */
	lastKey(): K | undefined {
		return this.#chunks.at(-1)?.keys.at(-1);
	}

	*keysFrom(start: K): IterableIterator<K> {
		for (let index = this.#chunkFor(start); index < this.#chunks.length; index++) {
			const { keys } = this.#chunks[index] as Chunk<K, V>;
			for (const key of keys) if (this.#compare(key, start) >= 0) yield key;
		}
	}

	*values(): IterableIterator<V> {
		for (const chunk of this.#chunks) yield* chunk.values;
	}

	*keys(): IterableIterator<K> {
		for (const chunk of this.#chunks) yield* chunk.keys;
	}

	/** The keys of the chunks that this map does not share with `other`: all that differ are among them. */
	*keysNotShared(other: SortedMap<K, V>): IterableIterator<K> {
		const shared = new Set(other.#chunks);
		for (const chunk of this.#chunks) if (!shared.has(chunk)) yield* chunk.keys;
	}

	#withChunks(index: number, parts: readonly Chunk<K, V>[], size: number): SortedMap<K, V> {
		return new SortedMap(this.#compare, this.#chunks.toSpliced(index, 1, ...parts), size);
	}

	/** The last chunk whose first key is not after `key`, or the first chunk. */
	#chunkFor(key: K): number {
		let low = 0;
		let high = this.#chunks.length - 1;
		if (high > 0 && this.#compare((this.#chunks[high] as Chunk<K, V>).keys[0] as K, key) <= 0) return high;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			const first = (this.#chunks[middle] as Chunk<K, V>).keys[0] as K;
			if (this.#compare(first, key) <= 0) low = middle;
			else high = middle - 1;
		}
		return low;
	}

	/** The index of `key`, or the complement of where it belongs. */
	#search(keys: readonly K[], key: K): number {
		let low = 0;
		let high = keys.length - 1;
		if (this.#compare(keys[high] as K, key) < 0) return ~keys.length;
		while (low <= high) {
			const middle = (low + high) >> 1;
			const order = this.#compare(keys[middle] as K, key);
			if (order === 0) return middle;
			if (order < 0) low = middle + 1;
			else high = middle - 1;
		}
		return ~low;
	}
}

const chunkCapacity = 256;
