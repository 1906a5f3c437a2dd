/** Medians, percentiles and spreads of a few numbers. */

export interface Spread {
	readonly median: number;
	readonly least: number;
	readonly most: number;
}

/** The value below which the given part (0 to 1) of the numbers lies, by nearest rank. */
export function percentile(values: readonly number[], part: number): number {
	if (values.length === 0) throw new RangeError("a percentile of no values");
	const sorted = values.toSorted((a, b) => a - b);
	const rank = Math.max(1, Math.ceil(part * sorted.length));
	return sorted[rank - 1] as number;
}

/** Median with least and most. The median of an even count is the mean of the two in the middle. */
export function spread(values: readonly number[]): Spread {
	if (values.length === 0) throw new RangeError("a spread of no values");
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] as number;
	const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
	return { median, least: sorted[0] as number, most: sorted.at(-1) as number };
}
