/** One line of configuration commands as words: what `set`, `delete` and their like are given. */
import { Lexer } from "#config/lexer.ts";
import type { Item } from "#config/resolve.ts";
import { unquote } from "#config/word.ts";

export type LineItems =
	| { readonly ok: true; readonly items: readonly Item[]; readonly openList: readonly Item[] | undefined }
	| { readonly ok: false; readonly column: number; readonly message: string };

/**
 * The words of a line split at blanks alone, for `wildcard range`, whose brackets hold numbers. Quoted words keep their
 * quotes' meaning.
 */
export function readRangeLine(line: string): readonly Item[] {
	const items: Item[] = [];
	for (const match of line.slice(0, maxRangeLine).matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)) {
		const inner = match[1];
		const text = inner === undefined ? match[0] : unquote(inner);
		items.push({ text, isQuoted: inner !== undefined, words: undefined, line: 1, column: match.index + 1 });
	}
	return items;
}

/**
 * The words of a line, a list in brackets as one item. A list that is not closed is given apart, for completion.
 * Comments are skipped. Braces and semicolons have no meaning in a line.
 */
export function readLine(line: string, lineNumber = 1): LineItems {
	const lexer = new Lexer(line);
	const items: Item[] = [];
	let list: Item[] | undefined;
	let listColumn = 0;
	for (let kind = lexer.next(); kind !== "end"; kind = lexer.next()) {
		const { text, isQuoted, column } = lexer;
		if (kind === "comment") continue;
		if (kind === "word") (list ?? items).push({ text, isQuoted, words: undefined, line: lineNumber, column });
		else if (kind === "[" && list === undefined) {
			list = [];
			listColumn = column;
		} else if (kind === "]" && list !== undefined) {
			items.push({ text: "[", isQuoted: false, words: list, line: lineNumber, column: listColumn });
			list = undefined;
		} else return { ok: false, column, message: kind === "broken" ? text : "syntax error." };
		if (items.length + (list?.length ?? 0) > maxWords)
			return { ok: false, column, message: `more than ${maxWords} words in one line` };
	}
	return { ok: true, items, openList: list };
}

const maxWords = 4_096;
const maxRangeLine = 65_536;
