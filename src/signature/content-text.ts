/** The value of `content` and of other texts in quotes: octets, with `|41 42|` for hexadecimal and `\` before `"`, `;`, `:`, `\`. */

/** A text in quotes, with a `!` before it when it is negated. */
export interface QuotedText {
	readonly isNegated: boolean;
	readonly text: string;
}

/** Takes the quotes off; undefined when there are none. Escapes stay. */
export function readQuoted(value: string | undefined): QuotedText | undefined {
	if (value === undefined) return undefined;
	const isNegated = value.startsWith("!");
	const quoted = isNegated ? value.slice(1).trimStart() : value;
	if (quoted.length < 2 || !quoted.startsWith('"') || !quoted.endsWith('"')) return undefined;
	return { isNegated, text: quoted.slice(1, -1) };
}

/**
 * The octets of a content, or why they cannot be read. A rule file is read as one char per octet, so chars above 255 do
 * not come; they are refused.
 *
 * Bounds: `maxContentOctets`.
 */
export function decodeContent(text: string): Uint8Array | string {
	const octets: number[] = [];
	let isHexadecimal = false;
	let high = -1;
	for (let at = 0; at < text.length; at++) {
		const char = text[at] as string;
		if (char === "|") {
			if (high !== -1) return "hexadecimal between | | has an odd number of digits";
			isHexadecimal = !isHexadecimal;
		} else if (isHexadecimal) {
			if (char === " ") continue;
			const digit = hexadecimalDigits.indexOf(char.toLowerCase());
			if (digit === -1) return `"${char}" between | | is not hexadecimal`;
			if (high === -1) high = digit;
			else {
				octets.push(high * 16 + digit);
				high = -1;
			}
		} else if (char === "\\") {
			const next = text[++at];
			if (next === undefined) return "a \\ stands at the end";
			// As Suricata: the backslash goes before what must be escaped; before anything else it is wrong.
			if (!escapable.includes(next)) return `\\${next} is no escape; expected \\ before one of ${escapable}`;
			octets.push(next.charCodeAt(0));
		} else {
			const code = char.charCodeAt(0);
			if (code > 255) return `a character above one octet; write its octets as |..|`;
			octets.push(code);
		}
	}
	if (isHexadecimal) return "hexadecimal between | | does not end";
	if (octets.length === 0) return "the content is empty";
	if (octets.length > maxContentOctets)
		return `the content has ${octets.length} octets; expected at most ${maxContentOctets}`;
	return Uint8Array.from(octets);
}

/** Free text such as `msg`: escapes undone. */
export function decodeText(text: string): string {
	return text.replaceAll(/\\(["';:\\])/g, "$1");
}

/** Suricata's bound. */
export const maxContentOctets = 255 * 16;

const hexadecimalDigits = "0123456789abcdef";
const escapable = "\"';:\\|";
