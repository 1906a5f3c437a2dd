/**
 * Commands that change a configuration, one a line: `set`, `delete`, `activate`, `deactivate`, `protect`, `unprotect`,
 * `annotate`, `insert`, `rename`, `copy`, and `edit`, `up`, `top`, `exit` that move between them.
 *
 * Bounds: at most `maxTextLength` characters and `maxTextErrors` errors.
 * Faults: a line that cannot be done is told with its line and column; the others are done.
 */
import {
	annotateWords,
	copyWords,
	deleteWords,
	type EditOptions,
	type EditResult,
	insertWords,
	markWords,
	renameWords,
	resolveOptions,
	setWords,
} from "#config/edit.ts";
import { type Level, levelAbove, levelBelow, levelWords, topLevel } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import { type Item, resolveWords } from "#config/resolve.ts";
import { maxTextErrors, maxTextLength, type TextError } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

export interface AppliedLines {
	readonly tree: Branch;
	readonly errors: readonly TextError[];
}

/** Does all the lines of a text to a tree, beginning at a level. */
export function applyLines(tree: Branch, level: Level, text: string, options: EditOptions): AppliedLines {
	if (text.length > maxTextLength) {
		const message = `${text.length} characters; at most ${maxTextLength} are accepted`;
		return { tree, errors: [{ line: 1, column: 1, path: [], message, expected: [] }] };
	}
	const errors: TextError[] = [];
	let current = tree;
	let at = level;
	for (const [index, line] of text.split("\n").entries()) {
		if (errors.length >= maxTextErrors) break;
		const fail = (column: number, message: string, expected: readonly string[] = [], advice?: string): void => {
			errors.push({
				line: index + 1,
				column,
				path: levelWords(at),
				message,
				expected,
				...(advice === undefined ? {} : { advice }),
			});
		};
		const read = readLine(line, index + 1);
		if (!read.ok || read.openList !== undefined) {
			fail(read.ok ? line.length + 1 : read.column, read.ok ? "missing ']'" : read.message);
			continue;
		}
		const [verb, ...words] = read.items;
		if (verb === undefined) continue;
		if (isMove(verb.text)) {
			const moved = move(at, verb.text, words, level, options);
			if ("message" in moved) fail(moved.column, moved.message);
			else at = moved.level;
			continue;
		}
		const result = applyCommand(current, at, read.items, options);
		if (result.ok) current = result.tree;
		else
			fail(
				columnOf(read.items, line, result.at),
				result.message,
				result.problem?.expected ?? [],
				result.problem?.advice,
			);
	}
	return { tree: current, errors };
}

/**
 * Does one command to a tree: the verb and its words. `at` of a failure counts the verb.
 */
export function applyCommand(tree: Branch, level: Level, items: readonly Item[], options: EditOptions): EditResult {
	const [verb, ...words] = items;
	const result = perform(tree, level, verb?.text ?? "", words, options);
	return result.ok || result.at === undefined ? result : { ...result, at: result.at + 1 };
}

function perform(tree: Branch, level: Level, verb: string, words: readonly Item[], options: EditOptions): EditResult {
	switch (verb) {
		case "set":
			return setWords(tree, level, words, options);
		case "delete":
			return deleteWords(tree, level, words, options);
		case "activate":
			return markWords(tree, level, words, { isInactive: false }, options);
		case "deactivate":
			return markWords(tree, level, words, { isInactive: true }, options);
		case "protect":
			return markWords(tree, level, words, { isProtected: true }, options);
		case "unprotect":
			return markWords(tree, level, words, { isProtected: false }, options);
		case "annotate":
			return annotate(tree, level, words, options);
		case "insert":
			return withTwo(words, ["before", "after"], (first, word, second) =>
				insertWords(tree, level, first, word as "before" | "after", second, options),
			);
		case "rename":
			return withTwo(words, ["to"], (first, _, second) => renameWords(tree, level, first, second, options));
		case "copy":
			return withTwo(words, ["to"], (first, _, second) => copyWords(tree, level, first, second, options));
		default:
			return { ok: false, message: "unknown command.", at: -1 };
	}
}

function annotate(tree: Branch, level: Level, words: readonly Item[], options: EditOptions): EditResult {
	const text = words.at(-1);
	if (text === undefined || text.words !== undefined || words.length < 2)
		return { ok: false, message: "missing argument.", at: words.length };
	return annotateWords(tree, level, words.slice(0, -1), unfoldComment(text.text), options);
}

/** Splits at the last of the words that separate the two parts. */
function withTwo(
	words: readonly Item[],
	separators: readonly string[],
	act: (first: readonly Item[], separator: string, second: readonly Item[]) => EditResult,
): EditResult {
	const at = words.findLastIndex((word) => !word.isQuoted && separators.includes(word.text));
	if (at < 1 || at === words.length - 1) return { ok: false, message: "missing argument.", at: words.length };
	return act(words.slice(0, at), (words[at] as Item).text, words.slice(at + 1));
}

function isMove(verb: string): boolean {
	return verb === "edit" || verb === "up" || verb === "top" || verb === "exit";
}

function move(
	level: Level,
	verb: string,
	words: readonly Item[],
	start: Level,
	options: EditOptions,
): { readonly level: Level } | { readonly message: string; readonly column: number } {
	const first = words[0];
	if (verb === "edit") {
		const resolved = resolveWords(level.node, words, resolveOptions(level, options));
		if (resolved.ok && !resolved.endsInLeaf) return { level: levelBelow(level, resolved) };
		return { message: resolved.ok ? "syntax error." : resolved.message, column: first?.column ?? 5 };
	}
	const count = verb === "up" && first !== undefined ? Number(first.text) : 1;
	if (!Number.isInteger(count) || count < 1 || words.length > 1)
		return { message: "syntax error.", column: first?.column ?? 1 };
	if (verb === "top") return { level: topLevel(level.root) };
	const above = levelAbove(level, count);
	return { level: above.path.length < start.path.length ? start : above };
}

function columnOf(items: readonly Item[], line: string, at: number | undefined): number {
	if (at === undefined) return items[0]?.column ?? 1;
	return items[Math.max(0, at)]?.column ?? line.trimEnd().length + 1;
}

/** The text of a comment on one line, as `annotate` takes it. */
export function foldComment(comment: string): string {
	return comment.replace(/[\\\n]/g, (character) => (character === "\n" ? "\\n" : "\\\\"));
}

/** Undoes `foldComment`. */
export function unfoldComment(text: string): string {
	return text.replace(/\\([\\n])/g, (_, character: string) => (character === "n" ? "\n" : "\\"));
}
