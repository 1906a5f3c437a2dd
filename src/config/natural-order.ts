/** The order in which names are listed: runs of digits count as numbers, so `ge-0/0/2` stands before `ge-0/0/10`. */

/** Compares two names; 0 only when they are the same text. A total order. */
export function compareNatural(a: string, b: string): number {
	if (a === b) return 0;
	const shorter = Math.min(a.length, b.length);
	let at = 0;
	while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
	while (at > 0 && isDigit(a.charCodeAt(at - 1))) at--;
	if (!isDigit(a.charCodeAt(at)) || !isDigit(b.charCodeAt(at))) return a < b ? -1 : 1;
	const endOfA = endOfDigits(a, at);
	const endOfB = endOfDigits(b, at);
	const startOfA = skipZeros(a, at, endOfA);
	const startOfB = skipZeros(b, at, endOfB);
	const byLength = endOfA - startOfA - (endOfB - startOfB);
	if (byLength !== 0) return byLength;
	for (let index = 0; startOfA + index < endOfA; index++) {
		const difference = a.charCodeAt(startOfA + index) - b.charCodeAt(startOfB + index);
		if (difference !== 0) return difference;
	}
	if (endOfA !== endOfB) return endOfB - endOfA;
	return a < b ? -1 : 1;
}

function isDigit(code: number): boolean {
	return code >= 48 && code <= 57;
}

function endOfDigits(text: string, start: number): number {
	let end = start;
	while (isDigit(text.charCodeAt(end))) end++;
	return end;
}

function skipZeros(text: string, start: number, end: number): number {
	let at = start;
	while (at < end - 1 && text.charCodeAt(at) === 48) at++;
	return at;
}
