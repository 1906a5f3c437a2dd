/** "Did you mean": the known name nearest to what was typed. */

/** The nearest of `names` within two edits (one for short words), or undefined. Bounded by the length of the word. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
	if (typed.length < 2 || typed.length > 64) return undefined;
	const allowed = typed.length <= 4 ? 1 : 2;
	let best: { readonly name: string; readonly distance: number } | undefined;
	for (const name of names) {
		if (Math.abs(name.length - typed.length) > allowed) continue;
		const distance = editDistance(typed, name);
		if (distance <= allowed && (best === undefined || distance < best.distance)) best = { name, distance };
	}
	return best?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const isSame = a[row - 1] === b[column - 1];
			let cost = Math.min(
				(last[column] as number) + 1,
				(current[column - 1] as number) + 1,
				(last[column - 1] as number) + (isSame ? 0 : 1),
			);
			if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
				cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
			current.push(cost);
		}
		beforeLast = last;
		last = current;
	}
	return last[b.length] as number;
}
