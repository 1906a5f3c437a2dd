/** The longest part of a row of distinct numbers that goes up: what kept its order. */

/** The indices of one longest increasing subsequence. O(n log n). */
export function longestIncreasing(numbers: readonly number[]): Set<number> {
	const tails: number[] = [];
	const before: number[] = [];
	for (const [index, value] of numbers.entries()) {
		let low = 0;
		let high = tails.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((numbers[tails[middle] as number] as number) < value) low = middle + 1;
			else high = middle;
		}
		before.push(low > 0 ? (tails[low - 1] as number) : -1);
		tails[low] = index;
	}
	const found = new Set<number>();
	for (let at = tails.at(-1) ?? -1; at !== -1; at = before[at] as number) found.add(at);
	return found;
}
