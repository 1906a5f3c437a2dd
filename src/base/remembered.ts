/**
 * What follows from values that never change is made once: after a one-line change of a large configuration all but a few
 * of its objects are the ones of before, and so is what was made of them.
 *
 * Bounds: one value for each key, kept as long as the key is.
 */
export class Remembered<K extends object, V> {
	readonly #known = new WeakMap<K, { readonly parts: readonly unknown[]; readonly value: V }>();

	/**
	 * What `make` answers. It is not asked again for the same key while each of `parts` is the same as well, so all that it
	 * looks at must be the key, one of the parts, or below one of them.
	 */
	of(key: K, parts: readonly unknown[], make: () => V): V {
		const known = this.#known.get(key);
		if (known !== undefined && isSame(known.parts, parts)) return known.value;
		const value = make();
		this.#known.set(key, { parts, value });
		return value;
	}
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
	if (some.length !== others.length) return false;
	for (let index = 0; index < some.length; index++) if (!Object.is(some[index], others[index])) return false;
	return true;
}
