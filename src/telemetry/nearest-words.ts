/** Which of the words that exist a mistyped one most probably meant. */

/**
 * The `count` candidates nearest to `word` by edit distance, nearest first; equal ones keep their order. A candidate
 * that begins with the word counts as near whatever its length.
 *
 * Bounds: words longer than 64 characters are compared by their first 64.
 */
export function nearestWords(word: string, candidates: readonly string[], count: number): readonly string[] {
	const wanted = word.slice(0, longestCompared);
	return candidates
		.map((candidate) => ({ candidate, distance: distanceTo(wanted, candidate.slice(0, longestCompared)) }))
		.sort((a, b) => a.distance - b.distance)
		.slice(0, count)
		.map(({ candidate }) => candidate);
}

function distanceTo(word: string, candidate: string): number {
	return word !== "" && candidate.startsWith(word) ? 0.5 : editDistance(word, candidate);
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
	const row = Array.from({ length: b.length + 1 }, (_, at) => at);
	for (let i = 1; i <= a.length; i++) {
		let diagonal = row[0] as number;
		row[0] = i;
		for (let j = 1; j <= b.length; j++) {
			const above = row[j] as number;
			const changed = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
			row[j] = Math.min(changed, above + 1, (row[j - 1] as number) + 1);
			diagonal = above;
		}
	}
	return row[b.length] as number;
}

const longestCompared = 64;
