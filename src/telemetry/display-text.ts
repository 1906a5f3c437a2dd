/**
 * Text that came from outside (SNI, host, file names, reasons), made safe and measurable for a terminal and a log:
 * nothing in it can move the cursor, change colours, hide text or reverse its direction.
 */

/**
 * The text with every control, format, surrogate, private and unassigned code point and every line separator written
 * as `\n`, `\x1b` or `\u{202e}`. What is left prints as itself, on one line.
 */
export function visibleText(text: string): string {
	return isPlain.test(text) ? text : text.replace(unsafe, escapeCodePoint);
}

/** The JSON text with the same code points as `\uXXXX`, so that it means the same value and prints as itself. */
export function visibleJson(value: unknown): string {
	return JSON.stringify(value).replace(unsafe, (unit) =>
		Array.from({ length: unit.length }, (_, at) => `\\u${unit.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
	);
}

/** How many terminal cells the text takes: wide letters two, marks that sit on others none. */
export function cellWidth(text: string): number {
	if (isPlain.test(text)) return text.length;
	let width = 0;
	for (const letter of text) width += cellsOf(letter);
	return width;
}

/** The text cut to `width` cells, its last cell `~` when something was cut, and padded to `width`. */
export function fitText(text: string, width: number): string {
	const whole = cellWidth(text);
	if (whole <= width) return text + " ".repeat(width - whole);
	let kept = "";
	let cells = 0;
	for (const letter of text) {
		const next = cells + cellsOf(letter);
		if (next > width - 1) break;
		kept += letter;
		cells = next;
	}
	return width < 1 ? "" : `${kept}~${" ".repeat(width - 1 - cells)}`;
}

function cellsOf(letter: string): number {
	if (wide.test(letter)) return 2;
	return mark.test(letter) ? 0 : 1;
}

function escapeCodePoint(letter: string): string {
	const short = shortEscapes[letter];
	if (short !== undefined) return short;
	const code = letter.codePointAt(0) ?? 0;
	return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const isPlain = /^[ -~]*$/;
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const wide =
	/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const mark = /^\p{M}/u;
const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
