/** The text of annotations in its one form: what is stored and printed. */

/** The longest annotation that is kept, in UTF-16 code units. */
const maxCommentLength = 4_096;

/** The comment without marks, control characters, empty lines and blanks around lines; undefined when nothing is left. */
export function canonicalComment(text: string): string | undefined {
	const lines = text
		.slice(0, maxCommentLength)
		.replaceAll("*/", "* /")
		.split(/[\n\r\u2028\u2029\u0085]/)
		.map((line) => line.replace(controls, " ").trim())
		.filter((line) => line !== "");
	return lines.length === 0 ? undefined : lines.join("\n");
}

/** Two comments on the same statement as one. */
export function joinComments(a: string | undefined, b: string | undefined): string | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return canonicalComment(`${a}\n${b}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced.
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
