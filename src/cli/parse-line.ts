/**
 * One line of the command line as words: a command, and the pipes behind it.
 *
 * Shape: word word "quoted word" | pipe word | pipe
 * Bounds: `maxLineLength` characters, `maxLineWords` words.
 */
import { hasControlCharacter, unquote } from "#config/word.ts";

/** One word and where it stands: `start` and `end` count characters of the line from 0. */
export interface LineWord {
	/** Without quotes. */
	readonly text: string;
	readonly start: number;
	readonly end: number;
	readonly isQuoted: boolean;
	/** The quotes are not closed. */
	readonly isOpen: boolean;
}

/** The command, or one pipe: what stands between bars. */
export interface LinePart {
	readonly words: readonly LineWord[];
	/** Behind the bar. */
	readonly start: number;
	readonly end: number;
}

export type SplitLine =
	| { readonly ok: true; readonly parts: readonly [LinePart, ...LinePart[]]; readonly hasOpenQuote: boolean }
	| { readonly ok: false; readonly at: number; readonly message: string };

/** Splits a line at bars and blanks that do not stand in quotes. A line of a comment (`#`) has no words. */
export function splitLine(line: string): SplitLine {
	if (line.length > maxLineLength) {
		return {
			ok: false,
			at: maxLineLength,
			message: `a line of ${line.length} characters; at most ${maxLineLength} are accepted`,
		};
	}
	if (hasControlCharacter(line)) return { ok: false, at: controlAt(line), message: "control character in the line" };
	const parts: LinePart[] = [];
	let words: LineWord[] = [];
	let start = 0;
	let count = 0;
	let at = 0;
	const close = (end: number): void => {
		parts.push({ words, start, end });
		words = [];
		start = end + 1;
	};
	if (line.trimStart().startsWith("#")) at = line.length;
	while (at < line.length) {
		const character = line[at] as string;
		if (character === " " || character === "\t") {
			at++;
			continue;
		}
		if (++count > maxLineWords) return { ok: false, at, message: `more than ${maxLineWords} words in one line` };
		if (character === "|") {
			close(at++);
			continue;
		}
		const word = character === '"' ? quotedWord(line, at) : plainWord(line, at);
		words.push(word);
		at = word.end;
	}
	close(line.length);
	const hasOpenQuote = parts.some((part) => part.words.some((word) => word.isOpen));
	return { ok: true, parts: parts as [LinePart, ...LinePart[]], hasOpenQuote };
}

/** True when the character before `at` stands in quotes that are not closed: `?`, SPACE and TAB mean themselves there. */
export function isInQuotes(line: string, at: number): boolean {
	let isOpen = false;
	for (let index = 0; index < at; index++) {
		if (isOpen && line[index] === "\\") index++;
		else if (line[index] === '"') isOpen = !isOpen;
	}
	return isOpen;
}

function quotedWord(line: string, start: number): LineWord {
	let at = start + 1;
	while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
	const isOpen = at >= line.length;
	const inner = line.slice(start + 1, isOpen ? line.length : at);
	return { text: unquote(inner), start, end: isOpen ? line.length : at + 1, isQuoted: true, isOpen };
}

function plainWord(line: string, start: number): LineWord {
	let end = start;
	while (end < line.length && !' \t|"'.includes(line[end] as string)) end++;
	return { text: line.slice(start, end), start, end, isQuoted: false, isOpen: false };
}

function controlAt(line: string): number {
	let at = 0;
	while (!hasControlCharacter(line[at] as string)) at++;
	return at;
}

/** The longest line that is read. */
export const maxLineLength = 65_536;
const maxLineWords = 4_096;
