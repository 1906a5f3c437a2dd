/** Finds sets that contain themselves by way of other sets. */

/**
 * The names that lie on a ring, or between two rings, in the order given. `members` says which names each name holds.
 *
 * Bounds: linear in names and members; no recursion.
 */
export function namesOnRings(members: ReadonlyMap<string, readonly string[]>): string[] {
	const leadingToOne = withoutEnds(members);
	const reversed = withoutEnds(turned(leadingToOne));
	return [...members.keys()].filter((name) => reversed.has(name));
}

/** Takes away, again and again, what holds nothing that is still there. */
function withoutEnds(members: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
	const holders = turned(members);
	const open = new Map<string, number>();
	for (const [name, held] of members) open.set(name, held.filter((one) => members.has(one)).length);
	const ends = [...members.keys()].filter((name) => open.get(name) === 0);
	for (const end of ends) {
		for (const holder of holders.get(end) ?? []) {
			const left = (open.get(holder) ?? 0) - 1;
			open.set(holder, left);
			if (left === 0) ends.push(holder);
		}
	}
	const gone = new Set(ends);
	return new Map([...members].filter(([name]) => !gone.has(name)));
}

/** The same with every arrow turned round. */
function turned(members: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
	const holders = new Map<string, string[]>([...members.keys()].map((name) => [name, []]));
	for (const [name, held] of members) for (const one of held) holders.get(one)?.push(name);
	return holders;
}
