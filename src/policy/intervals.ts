/** Sets of whole numbers as ranges in ascending order that do not touch. */

/** Both ends are included. */
export interface Interval {
	readonly from: bigint;
	readonly to: bigint;
}

export type Intervals = readonly Interval[];

/** In order, and joined where they meet. */
export function unionOf(intervals: Intervals): Intervals {
	const sorted = [...intervals].sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0));
	const joined: Interval[] = [];
	for (const next of sorted) {
		const last = joined.at(-1);
		if (last === undefined || next.from > last.to + 1n) joined.push(next);
		else if (next.to > last.to) joined[joined.length - 1] = { from: last.from, to: next.to };
	}
	return joined;
}

export function intersectionOf(some: Intervals, others: Intervals): Intervals {
	const common: Interval[] = [];
	for (let one = 0, other = 0; one < some.length && other < others.length; ) {
		const a = some[one] as Interval;
		const b = others[other] as Interval;
		const from = a.from > b.from ? a.from : b.from;
		const to = a.to < b.to ? a.to : b.to;
		if (from <= to) common.push({ from, to });
		if (a.to < b.to) one++;
		else other++;
	}
	return common;
}

export function holds(intervals: Intervals, number: bigint): boolean {
	for (const { from, to } of intervals) if (number <= to) return number >= from;
	return false;
}

/** What is in the first and not in the second. */
export function differenceOf(some: Intervals, others: Intervals): Intervals {
	const left: Interval[] = [];
	for (const { from, to } of some) {
		let next = from;
		for (const other of others) {
			if (other.to < next) continue;
			if (other.from > to) break;
			if (other.from > next) left.push({ from: next, to: other.from - 1n });
			next = other.to + 1n;
		}
		if (next <= to) left.push({ from: next, to });
	}
	return left;
}
