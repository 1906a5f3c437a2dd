/** Words of the configuration as they are written: when they need quotes, and how quotes are undone. */

/** The longest word that is read, in UTF-16 code units. */
export const maxWordLength = 16_384;

/** The word as it is printed: bare where Junos leaves it bare, else in quotes. */
export function formatWord(word: string): string {
	return bare.test(word) && !tag.test(word) && !word.startsWith("/*") ? word : quoteWord(word);
}

/** Words in one line, each quoted as it needs. */
export function joinWords(words: readonly string[]): string {
	return words.map(formatWord).join(" ");
}

/** The word in quotes. A backslash is doubled only where it would otherwise change its neighbour. */
export function quoteWord(word: string): string {
	return `"${word.replace(/\\(?=[\\"]|$)|"/g, "\\$&")}"`;
}

/** Undoes `quoteWord` on what stands between the quotes. */
export function unquote(inner: string): string {
	return inner.includes("\\") ? inner.replace(/\\([\\"])/g, "$1") : inner;
}

/** True when the word holds a character that no configuration word may hold. */
export function hasControlCharacter(word: string): boolean {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
	return /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/.test(word);
}

const bare = /^(?:[A-Za-z0-9_.\-/:*+,=~%]+|<[A-Za-z0-9_.\-/:*]+>|\[[0-9A-Fa-f:.]+\]:[0-9]+)$/;
const tag = /^(?:inactive|active|protect|unprotect|replace|delete):$/;
