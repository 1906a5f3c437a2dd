/** What may follow the words of a statement, as candidates of the command line. */
import type { Candidate } from "#cli/grammar.ts";
import { type CompletionRow, complete } from "#config/complete.ts";
import { locate, resolveOptions } from "#config/edit.ts";
import { type Level, levelBelow } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import { type Item, resolveWords } from "#config/resolve.ts";
import type { Branch } from "#config/tree.ts";

/** `set`: whatever the schema allows; `existing`: what is there. */
export type StatementMode = "set" | "existing";

export interface StatementPlace {
	readonly candidates: readonly Candidate[];
	/** The line may end here. */
	readonly mayEnd: boolean;
	/** The words before the cursor mean nothing; `at` counts characters of the text. */
	readonly problem:
		| { readonly at: number; readonly message: string; readonly candidates: readonly Candidate[] }
		| undefined;
}

/** Completes the text behind a verb, up to the cursor. */
export function statementPlace(tree: Branch, level: Level, text: string, mode: StatementMode): StatementPlace {
	const { rows, mayEnd, problem } = complete(tree, level, text, { mode });
	if (problem === undefined) return { candidates: rows.map(candidateOf), mayEnd, problem: undefined };
	const message = problem.message.startsWith("syntax error: ") ? "syntax error." : problem.message;
	const candidates = [...problem.rows].sort().map((word): Candidate => ({ text: word, help: "", kind: "keyword" }));
	return { candidates: [], mayEnd: false, problem: { at: problem.column - 1, message, candidates } };
}

/** The candidates alone. */
export function candidatesOf(tree: Branch, level: Level, text: string, mode: StatementMode): readonly Candidate[] {
	return statementPlace(tree, level, text, mode).candidates;
}

/**
 * Completes a verb that takes two statements, or a statement and a text: `rename A to B`, `insert A before B`,
 * `annotate A "text"`. `words` are those between the two.
 */
export function pairPlace(
	tree: Branch,
	level: Level,
	text: string,
	verb: "annotate" | "copy" | "insert" | "rename",
): StatementPlace {
	const separators = verb === "insert" ? ["after", "before"] : verb === "annotate" ? [] : ["to"];
	const read = readLine(text);
	const isAtWord = text !== "" && !/\s$/.test(text);
	const items = read.ok ? read.items : [];
	const before = isAtWord ? items.slice(0, -1) : items;
	const split = before.findLastIndex((item) => !item.isQuoted && separators.includes(item.text));
	if (split > 0) {
		const start = (before[split] as Item).column - 1 + (before[split] as Item).text.length;
		return shifted(secondPlace(tree, level, before.slice(0, split), text.slice(start), verb), start);
	}
	const first = statementPlace(tree, level, text, "existing");
	const partial = isAtWord ? (items.at(-1)?.text ?? "") : "";
	const isWhole = before.length > 0 && locate(tree, level, before, { salt: noSalt, mayAbbreviate: true }).ok;
	if (!isWhole) return { ...first, mayEnd: false };
	const added: Candidate[] =
		verb === "annotate"
			? [{ text: "<comment>", help: "Text of the comment, in quotes", kind: "value" }]
			: separators
					.filter((word) => word.startsWith(partial))
					.map((word) => ({ text: word, help: separatorHelp[word] ?? "", kind: "keyword" }));
	return { candidates: [...added, ...first.candidates], mayEnd: false, problem: undefined };
}

/** The second statement of a pair stands in the same list as the first. */
function secondPlace(
	tree: Branch,
	level: Level,
	first: readonly Item[],
	text: string,
	verb: "annotate" | "copy" | "insert" | "rename",
): StatementPlace {
	const resolved = resolveWords(level.node, first, resolveOptions(level, { salt: noSalt, mayAbbreviate: true }));
	if (!resolved.ok) return statementPlace(tree, level, text, "set");
	const parent = levelBelow(level, { ...resolved, passed: resolved.passed.slice(0, -1) });
	return statementPlace(tree, parent, text, verb === "insert" ? "existing" : "set");
}

function shifted(place: StatementPlace, by: number): StatementPlace {
	if (place.problem === undefined) return place;
	return { ...place, problem: { ...place.problem, at: place.problem.at + by } };
}

function candidateOf({ text, mark, help, kind, source }: CompletionRow): Candidate {
	const kinds = { statement: "keyword", word: "keyword", object: "object", placeholder: "value" } as const;
	return {
		text,
		help,
		kind: kinds[kind],
		...(mark === " " ? {} : { mark }),
		...(source === undefined ? {} : { source }),
	};
}

const separatorHelp: Readonly<Record<string, string>> = {
	after: "Behind this entry",
	before: "In front of this entry",
	to: "New name",
};
// Nothing that is completed is stored: no secret is encoded here.
const noSalt = (count: number): Uint8Array => new Uint8Array(count);
