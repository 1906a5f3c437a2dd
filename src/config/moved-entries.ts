/** Which entries of a list a user moved. */
import type { Entries, Keyed } from "#config/entries.ts";
import { longestIncreasing } from "#config/longest-increasing.ts";

/** The entries of `fresh` outside the longest run that kept its order since `old`; none in a sorted list. */
export function movedEntries<E extends Keyed>(old: Entries<E>, fresh: Entries<E>): Set<E> {
	const moved = new Set<E>();
	if (fresh.order !== "user") return moved;
	const places = new Map<string, number>();
	for (const entry of old) places.set(entry.keys.join("\u0000"), places.size);
	const common = [...fresh].filter((entry) => old.get(entry.keys) !== undefined);
	const order = common.map((entry) => places.get(entry.keys.join("\u0000")) ?? 0);
	const kept = longestIncreasing(order);
	for (const [index, entry] of common.entries()) if (!kept.has(index)) moved.add(entry);
	return moved;
}
