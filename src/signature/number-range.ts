/** Numbers to compare with: `5`, `=5`, `!5`, `<5`, `>=5`, `5<>9` (both ends excluded) as in bsize, dsize, urilen. */

export type Comparison = "=" | "!" | "<" | ">" | "<=" | ">=" | "<>";

/** `high` counts for `<>` only. */
export interface NumberRange {
	readonly comparison: Comparison;
	readonly value: number;
	readonly high: number;
}

/** Reads a range; undefined when it is none. */
export function parseRange(text: string): NumberRange | undefined {
	const between = /^(\d{1,10})\s*(?:<>|-)\s*(\d{1,10})$/.exec(text.trim());
	if (between !== null) {
		const [value, high] = [Number(between[1]), Number(between[2])];
		return high > value ? { comparison: "<>", value, high } : undefined;
	}
	const single = /^(<=|>=|!=|[<>=!])?\s*(\d{1,10})$/.exec(text.trim());
	if (single === null) return undefined;
	const comparison = single[1] === "!=" ? "!" : ((single[1] ?? "=") as Comparison);
	return { comparison, value: Number(single[2]), high: 0 };
}

export function isInRange(range: NumberRange, number: number): boolean {
	switch (range.comparison) {
		case "=":
			return number === range.value;
		case "!":
			return number !== range.value;
		case "<":
			return number < range.value;
		case ">":
			return number > range.value;
		case "<=":
			return number <= range.value;
		case ">=":
			return number >= range.value;
		case "<>":
			return number > range.value && number < range.high;
	}
}
