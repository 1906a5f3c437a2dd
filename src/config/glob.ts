/** Wildcards of group keys: `<*>`, `<ge-0/0/*>`, `<[a-c]?>`. */

/** True when the name fits the wildcard (with its angle brackets). Bounded by both lengths multiplied. */
export function matchesWildcard(wildcard: string, name: string): boolean {
	const parts = partsOf(wildcard.slice(1, -1));
	let part = 0;
	let at = 0;
	let star = -1;
	let starAt = 0;
	while (at < name.length) {
		const current = parts[part];
		if (current !== undefined && current !== "*" && current(name[at] as string)) {
			part++;
			at++;
		} else if (current === "*") {
			star = part++;
			starAt = at;
		} else if (star >= 0) {
			part = star + 1;
			at = ++starAt;
		} else return false;
	}
	while (parts[part] === "*") part++;
	return part === parts.length;
}

type Part = "*" | ((character: string) => boolean);

function partsOf(pattern: string): Part[] {
	const parts: Part[] = [];
	for (let at = 0; at < pattern.length; at++) {
		const character = pattern[at] as string;
		const close = character === "[" ? pattern.indexOf("]", at + 2) : -1;
		if (character === "*") {
			if (parts.at(-1) !== "*") parts.push("*");
		} else if (character === "?") parts.push(() => true);
		else if (close !== -1) {
			parts.push(setOf(pattern.slice(at + 1, close)));
			at = close;
		} else parts.push((other) => other === character);
	}
	return parts;
}

function setOf(inner: string): (character: string) => boolean {
	const isNegated = inner.startsWith("!") || inner.startsWith("^");
	const members = isNegated ? inner.slice(1) : inner;
	const ranges: [string, string][] = [];
	for (let at = 0; at < members.length; at++) {
		const low = members[at] as string;
		if (members[at + 1] === "-" && at + 2 < members.length) {
			ranges.push([low, members[at + 2] as string]);
			at += 2;
		} else ranges.push([low, low]);
	}
	return (character) => ranges.some(([low, high]) => character >= low && character <= high) !== isNegated;
}
